// Starts Swagger UI. Relative addresses, so that it works behind any stage prefix.
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: true,
  tryItOutEnabled: true,
  requestSnippetsEnabled: true,
});
