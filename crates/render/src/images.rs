//! Which pictures a page names, for the key; drawing reads the page the same way. Knows no files.

use crate::DrawError;
use crate::page::Page;

/// The names, sorted. Most pages name none, and are not read for it.
pub fn image_names(html: &str) -> Result<Vec<String>, DrawError> {
    if !html.contains("src") && !html.contains("url(") {
        return Ok(Vec::new());
    }
    Ok(Page::read(html)?.images.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::image_names;

    #[test]
    fn every_way_to_name_a_picture() {
        let html = r##"<html><head><style>.a { background: url(img/a.png) } .b { background-image: url('img/b c.jpg') }
            .d { background: url(data:image/png;base64,AAAA) }</style></head>
            <body><img class="x" src="img/logo.png"><img src='img&#x2f;d.webp'><p data-src="no.png">src=no</p></body></html>"##;
        assert_eq!(
            image_names(html),
            Ok(["img/a.png", "img/b c.jpg", "img/d.webp", "img/logo.png"]
                .map(str::to_owned)
                .to_vec())
        );
        assert_eq!(image_names("<p>plain</p>"), Ok(Vec::new()));
    }
}
