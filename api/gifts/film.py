"""A gift as the renderer gets it: its content, with addresses that the renderer can fetch from for an hour."""

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.urls import reverse

from api.gifts.models import Gift, GiftMedia
from api.media import bucket
from api.rendering.backends.base import RenderOrder
from api.rendering.content import Clip, Destination, FilmContent, ProductCard
from api.rendering.models import Render
from api.rendering.timeline import build_edit
from api.templates.selectors import merge_values

FETCHABLE_FOR = timedelta(hours=1)


def render_order(render: Render) -> RenderOrder:
    """Read the gift as it is now and sign its media's addresses: no call to the outside."""
    gift = Gift.objects.select_related("template").get(pk=render.gift_id)
    edit = build_edit(
        _film_content(gift),
        destination=Destination(
            bucket=settings.MEDIA_BUCKET, region=settings.AWS_REGION, filename=str(render.pk), prefix="renders"
        ),
        callback=settings.BASE_URL + reverse("renderer-callback", args=[render.pk, render.secret]),
    )
    return RenderOrder(edit=edit, livemode=gift.livemode)


def _film_content(gift: Gift) -> FilmContent:
    media = GiftMedia.objects.filter(gift=gift).select_related("upload").order_by("position")
    template = gift.template
    return FilmContent(
        theme=template.theme,
        scenes=template.scenes,
        aspect_ratio=template.aspect_ratio,
        fields=merge_values(template, gift.fields),
        sender_name=gift.sender_name,
        recipient_name=gift.recipient_name,
        message=gift.message,
        media=tuple(_clip(place) for place in media),
        product=_product_card(gift.product),
        music_url=template.music.url if template.music else None,
        backdrop_url=template.backdrop.url if template.backdrop else None,
    )


def _clip(place: GiftMedia) -> Clip:
    kind = cast("Any", place.upload.content_type.partition("/")[0])
    url = bucket.presigned_get(place.upload.key, expires_in=FETCHABLE_FOR)
    return Clip(kind=kind, url=url, duration_s=place.upload.duration_s)


def _product_card(product: dict[str, Any] | None) -> ProductCard | None:
    if not product:
        return None
    price = product.get("price")
    return ProductCard(
        name=product["name"],
        price=f"{price['currency']} {price['amount']}" if price else "",
        image_url=product.get("image_url") or None,
    )
