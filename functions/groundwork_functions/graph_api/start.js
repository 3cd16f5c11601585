// Starts GraphiQL. Relative addresses, so that it works behind any stage prefix. The token is held
// by the page alone: it is gone with it.
const field = document.getElementById("token");
document.getElementById("access").addEventListener("submit", (event) => event.preventDefault());

function fetcherWith(token) {
  return async (parameters, options) => {
    const headers = { "Content-Type": "application/json", ...(options && options.headers) };
    if (token) {
      headers.Authorization = "Bearer " + token;
    }
    const response = await fetch("graphql", {
      method: "POST",
      headers,
      body: JSON.stringify(parameters),
    });
    return response.json();
  };
}

const example = `# Paste an access token above, then run this.
{
  entities(first: 10) {
    edges {
      node {
        name
        type
        neighbours(first: 5) {
          edges { relationship { type } node { name type } }
        }
      }
    }
  }
}
`;

function Page() {
  const [query, setQuery] = React.useState(example);
  const [token, setToken] = React.useState("");
  React.useEffect(() => {
    const take = () => setToken(field.value.trim());
    field.addEventListener("change", take);
    return () => field.removeEventListener("change", take);
  }, []);
  // A new fetcher makes GraphiQL look at the schema again, which needs the token.
  const fetcher = React.useMemo(() => fetcherWith(token), [token]);
  const explorer = GraphiQLPluginExplorer.useExplorerPlugin({ query, onEdit: setQuery });
  return React.createElement(GraphiQL, {
    fetcher,
    query,
    onEditQuery: setQuery,
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    plugins: [explorer],
  });
}

ReactDOM.render(React.createElement(Page), document.getElementById("graphiql"));
