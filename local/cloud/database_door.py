"""The door of a database: speaks TLS with clients and lets in nobody without, as Aurora does with rds.force_ssl.

The PostgreSQL of the wheel is built without TLS.
"""

import asyncio
import contextlib
import datetime as dt
import ssl
import struct
import tempfile
from pathlib import Path
from threading import Thread

from local.ports import HOST

# https://www.postgresql.org/docs/16/protocol-message-formats.html: a length of 8, then one of these.
WANTS_TLS, CANCELS = 80877103, 80877102
CHUNK = 64 * 1024


class DatabaseDoor:
    """Listens on a free port from its creation until `close`, in front of the server at `inner_port`."""

    def __init__(self, inner_port: int) -> None:
        self._inner_port = inner_port
        self._tls = _context()
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._admit, HOST, 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Hang up on everybody."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._hang_up())
        self._loop.close()

    async def _hang_up(self) -> None:
        self._server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _admit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first = await reader.readexactly(8)
            _length, code = struct.unpack("!ii", first)
            if code == WANTS_TLS:
                writer.write(b"S")
                await writer.start_tls(self._tls)
                await self._connect(reader, writer, b"")
            elif code == CANCELS:  # libpq sends these without TLS, also to Aurora
                await self._connect(reader, writer, first)
        except (OSError, asyncio.IncompleteReadError):
            pass  # a client that hangs up, or does not speak TLS, is no news
        finally:
            writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, first: bytes) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(HOST, self._inner_port)
        inner_writer.write(first)
        ways = [_pour(reader, inner_writer), _pour(inner_reader, writer)]
        await asyncio.wait([asyncio.ensure_future(way) for way in ways], return_when=asyncio.FIRST_COMPLETED)
        inner_writer.close()


async def _pour(source: asyncio.StreamReader, drain: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(CHUNK):
            drain.write(data)
            await drain.drain()


def _context() -> ssl.SSLContext:
    """With a certificate of its own, which nobody can verify."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "server.pem")
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
        context.load_cert_chain(file)
    return context
