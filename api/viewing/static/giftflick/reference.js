// Draws the API's reference from the API's own description.

document.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: "/v1/openapi.json",
    domNode: document.getElementById("reference"),
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    defaultModelExpandDepth: 2,
    displayRequestDuration: true,
    showCommonExtensions: true,
    syntaxHighlight: { theme: "agate" },
    validatorUrl: null,
  });
});
