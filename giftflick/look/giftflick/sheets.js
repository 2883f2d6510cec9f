/* Sheets: a large file goes straight into the bucket. */
"use strict";

(() => {
  const form = document.getElementById("upload-form");

  const tell = (words) => {
    const problem = document.getElementById("upload-problem");
    problem.textContent = words;
    problem.hidden = !words;
    document.getElementById("upload-progress").textContent = "";
    form.querySelector("button[type=submit]").disabled = false;
  };

  const begin = async (size) => {
    const body = new FormData();
    body.set("size", String(size));
    body.set("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
    const answer = await fetch(form.dataset.begin, { method: "POST", body, credentials: "same-origin" });
    const said = await answer.json();
    if (!answer.ok) throw new Error(said.detail);
    return said;
  };

  const sendDirectly = async (content) => {
    form.querySelector("button[type=submit]").disabled = true;
    document.getElementById("upload-progress").textContent = "The file is on its way…";
    const { id, url } = await begin(content.size);
    const answer = await fetch(url, { method: "PUT", body: content });
    if (!answer.ok) throw new Error("The file did not arrive. Try again.");
    form.elements.uploaded.value = id;
    form.elements.file.value = "";
    form.elements.rows.value = "";
    form.submit();
  };

  const onSubmit = (event) => {
    const { maxPosted, maxPasted, maxBytes } = form.dataset;
    const file = form.elements.file.files[0];
    const rows = new Blob([form.elements.rows.value]);
    const content = file ?? (rows.size > Number(maxPasted) ? rows : null);
    tell("");
    if (content && content.size > Number(maxBytes)) {
      event.preventDefault();
      tell(`The file has ${(content.size / 1048576).toFixed(0)} MB; at most ${Number(maxBytes) / 1048576} MB can be taken in. Leave out what is not needed, or split it.`);
    } else if (content && (content !== file || content.size > Number(maxPosted))) {
      event.preventDefault();
      sendDirectly(content).catch((error) => tell(error.message || "The file did not arrive. Try again."));
    }
  };

  if (form) {
    form.addEventListener("submit", onSubmit);
    // Unfold's script looks for a text field of its own beside every file field, and fails where there is none.
    form.addEventListener("change", (event) => event.target.type === "file" && event.stopPropagation(), true);
  }
})();
