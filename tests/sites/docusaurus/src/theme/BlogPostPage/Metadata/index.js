import React from "react";
import Head from "@docusaurus/Head";
import useBaseUrl from "@docusaurus/useBaseUrl";
import { useBlogPost } from "@docusaurus/plugin-content-blog/client";
import Metadata from "@theme-original/BlogPostPage/Metadata";
import index from "@site/src/data/gpbuild.json";

export default function BlogPostMetadata(props) {
  const source = useBlogPost().metadata.source.replace("@site/", "");
  const picture = Object.values(index.assets).find(
    (picture) => picture.source === source && picture.preset === "open-graph",
  );
  const url = useBaseUrl(`covers/${picture?.public}`, { absolute: true });
  return (
    <>
      <Metadata {...props} />
      {picture && (
        <Head>
          <meta property="og:image" content={encodeURI(url)} />
          <meta property="og:image:width" content={picture.width} />
          <meta property="og:image:height" content={picture.height} />
          <meta property="og:image:alt" content={picture.alt} />
        </Head>
      )}
    </>
  );
}
