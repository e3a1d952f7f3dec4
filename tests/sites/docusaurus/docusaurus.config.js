export default {
  title: "Notes",
  url: "https://example.org",
  baseUrl: "/",
  presets: [["classic", { docs: false, pages: false, blog: { routeBasePath: "/", onUntruncatedBlogPosts: "ignore" } }]],
};
