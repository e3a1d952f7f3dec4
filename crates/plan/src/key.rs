//! What makes a shot, and an export, different from another: [`Ingredients`], and the [`Key`] that
//! is their hash. The explanation of a change reads the same list, so it cannot disagree with the key.

mod bundle;

use serde_json::Value;

use base::digest::Digest;
use export::Export;
use model::request::{Overlay, Page, Picture, Prompt, Request, Work};

pub use bundle::bundle;
pub use store::key::{Ingredients, Key};

/// Counts in every key. Raised when the list below changes its meaning; never lowered.
pub const VERSION: u32 = 1;

/// A page: its HTML under `name`, then its fonts and pictures.
fn add_page(list: &mut Ingredients, name: &str, prefix: &str, page: &Page) {
    list.add(name, page.html.as_str());
    for (n, font) in page.fonts.iter().enumerate() {
        list.add(&format!("{prefix}font {}", n + 1), font.hex());
    }
    for image in &page.images {
        list.add(&format!("{prefix}image {}", image.name), image.digest.hex());
    }
}

/// Adds `params`, by name.
fn add_params(list: &mut Ingredients, params: &Value) {
    if let Value::Object(params) = params {
        let mut names: Vec<&String> = params.keys().collect();
        names.sort();
        for name in names {
            list.add(&format!("param {name}"), canonical(&params[name]));
        }
    }
}

/// The ingredient that is the page of a drawing.
pub const LAYOUT: &str = "layout";
/// The ingredient that is the page of an overlay.
pub const OVERLAY: &str = "overlay";

/// The domain of shot keys.
pub const SHOT: &str = "gpbuild shot";
/// The domain of export keys.
pub const EXPORT: &str = "gpbuild export";

/// The ingredients of a shot. `digest_of` answers for pictures that other shots make; the first one
/// that it cannot answer for comes back as the error: the key is not known yet.
pub fn shot<'a>(
    request: &'a Request,
    mut digest_of: impl FnMut(&'a Picture) -> Option<Digest>,
) -> Result<Ingredients, &'a Picture> {
    // Without `..`: a field that is new has to be dealt with here.
    let Request {
        model,
        adapter,
        width,
        height,
        cell,
        variant,
        work,
    } = request;
    let mut list = Ingredients::default();
    list.add("key version", VERSION.to_string());
    let model = match work {
        // The layout's HTML says all there is to say about a page, whatever its template is called.
        Work::Draw(_) => model.provider.clone(),
        Work::Ask(_) => model.to_string(),
    };
    list.add("model", model);
    list.add("adapter", adapter.to_string());
    list.add("operation", request.operation().word());
    list.add("size", format!("{width}x{height}"));
    // Nothing is said of it where pixels are: the keys of all those requests stay.
    list.maybe("ratio", cell.as_ref().map(|cell| cell.ratio.as_str()));
    list.maybe("tier", cell.as_ref().map(|cell| cell.tier.as_str()));
    let prompt = match work {
        Work::Draw(page) => {
            // All that it can be; said, because the keys of all drawings that there are say it.
            list.add("candidates", "1");
            list.add("format", "png");
            list.add("variant", variant.to_string());
            add_page(&mut list, LAYOUT, "", page);
            return Ok(list);
        }
        Work::Ask(prompt) => prompt,
    };
    let Prompt {
        text,
        quality,
        background,
        candidates,
        format,
        params,
        references,
        mask,
    } = prompt;
    list.add("prompt", text.as_str());
    list.maybe("quality", quality.as_deref());
    list.maybe("background", background.as_deref());
    list.add("candidates", candidates.to_string());
    list.add("format", format.as_str());
    add_params(&mut list, params);
    list.add("variant", variant.to_string());
    for (n, picture) in references.iter().enumerate() {
        let digest = digest_of(picture).ok_or(picture)?;
        list.add(&format!("reference {}", n + 1), digest.hex());
    }
    if let Some(mask) = mask {
        let digest = digest_of(mask).ok_or(mask)?;
        list.add("mask", digest.hex());
    }
    Ok(list)
}

/// The ingredients of an export of the picture with this digest, and of what is drawn over it.
pub fn export(export: &Export, overlay: Option<&Overlay>, picture: Digest) -> Ingredients {
    let mut list = Ingredients::default();
    list.add("key version", VERSION.to_string());
    list.add("export version", export::VERSION.to_string());
    list.add("picture", picture.hex());
    for (name, value) in export.ingredients() {
        list.add(name, value);
    }
    // Nothing is said of an overlay where there is none: the keys of all other exports stay.
    if let Some(overlay) = overlay {
        let Overlay {
            layout: _,
            renderer,
            page,
        } = overlay;
        list.add("overlay renderer", renderer.to_string());
        add_page(&mut list, OVERLAY, "overlay ", page);
    }
    list
}

/// JSON with sorted keys, so that their order in the manifest does not count.
fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort();
            let parts: Vec<String> = names
                .iter()
                .map(|name| {
                    let key = Value::String((*name).clone());
                    format!("{key}:{}", canonical(&map[*name]))
                })
                .collect();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(items) => {
            let parts: Vec<String> = items.iter().map(canonical).collect();
            format!("[{}]", parts.join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::{EXPORT, SHOT, export, shot};
    use base::digest::Digest;
    use base::path::ProjectPath;
    use export::{Export, Format};
    use model::ModelId;
    use model::request::{Overlay, Page, PageImage, Picture, Prompt, Request, Work};

    fn asked() -> Request {
        Request {
            model: ModelId {
                provider: "openai".to_owned(),
                name: "gpt-image-2".to_owned(),
            },
            adapter: 1,
            width: 1104,
            height: 1472,
            cell: None,
            variant: 1,
            work: Work::Ask(Prompt {
                text: "A cover. Headline: \"30 天学会 ChatGPT\".".to_owned(),
                quality: Some("medium".to_owned()),
                background: None,
                candidates: 1,
                format: "png".to_owned(),
                params: Value::Null,
                references: Vec::new(),
                mask: None,
            }),
        }
    }

    fn drawn() -> Request {
        Request {
            model: ModelId {
                provider: "local".to_owned(),
                name: "poster".to_owned(),
            },
            work: Work::Draw(Page {
                html: "<p>30 天</p>".to_owned(),
                fonts: Arc::new([Digest::of(b"font")]),
                images: Vec::new(),
            }),
            ..asked()
        }
    }

    fn key(request: &Request) -> String {
        let answer = |picture: &Picture| match picture {
            Picture::File(_, digest) => Some(*digest),
            Picture::Asset(id) => Some(Digest::of(id.as_bytes())),
            Picture::Previous => None,
        };
        shot(request, answer).unwrap().key(SHOT).0.hex()
    }

    fn changes(what: &str, base: &Request, change: impl Fn(&mut Request)) {
        let mut other = base.clone();
        change(&mut other);
        assert_ne!(key(base), key(&other), "{what} must count");
    }

    /// `request` with another prompt.
    fn with(mut request: Request, change: impl Fn(&mut Prompt)) -> Request {
        match &mut request.work {
            Work::Ask(prompt) => change(prompt),
            Work::Draw(_) => panic!("a drawing has no prompt"),
        }
        request
    }

    fn prompts(what: &str, base: &Request, change: impl Fn(&mut Prompt)) {
        changes(what, base, |r| *r = with(r.clone(), &change));
    }

    #[test]
    fn the_key_of_a_known_request_never_changes() {
        // If this fails, every user pays again: raise VERSION only on purpose.
        assert_eq!(
            key(&asked()),
            "bb8b797190454f051002b2c4f3afa4631cb6b03a8f90d9674d20fc8f9bcc757d"
        );
        assert_eq!(
            key(&drawn()),
            "769298577d93a4cb4992c08276de1011107eda38470e5be91c6fc832bade1e2b"
        );
    }

    #[test]
    fn the_model_counts() {
        changes("model", &asked(), |r| {
            r.model.name = "gpt-image-2.5-flare".to_owned();
        });
        changes("provider", &asked(), |r| {
            r.model.provider = "azure".to_owned();
        });
    }

    #[test]
    fn the_adapters_version_counts() {
        changes("adapter", &asked(), |r| r.adapter = 2);
        changes("renderer", &drawn(), |r| r.adapter = 2);
    }

    #[test]
    fn the_list_of_an_edit_keeps_its_order() {
        let edit = with(asked(), |p| {
            p.background = Some("opaque".to_owned());
            p.params = json!({"b": 2, "a": 1});
            p.references = vec![Picture::Previous, Picture::Asset("base".to_owned())];
            p.mask = Some(Picture::Previous);
        });
        let list = shot(&edit, |_| Some(Digest::of(b"a"))).unwrap();
        let names: Vec<&str> = list.0.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names.join(", "),
            "key version, model, adapter, operation, size, prompt, quality, background, \
             candidates, format, param a, param b, variant, reference 1, reference 2, mask"
        );
    }

    #[test]
    fn the_operation_counts() {
        let ingredients = |request: &Request| shot(request, |_| Some(Digest::of(b"a"))).unwrap();
        let word = |request: &Request| ingredients(request).get("operation").map(str::to_owned);
        assert_eq!(word(&drawn()).as_deref(), Some("draw"));
        assert_eq!(word(&asked()).as_deref(), Some("generate"));
        let edit = with(asked(), |p| p.references.push(Picture::Previous));
        assert_eq!(word(&edit).as_deref(), Some("edit"));
    }

    #[test]
    fn the_prompt_counts() {
        prompts("prompt", &asked(), |p| p.text.push('!'));
    }

    #[test]
    fn the_size_counts() {
        changes("width", &asked(), |r| r.width += 16);
        changes("height", &asked(), |r| r.height += 16);
        changes("swapped", &asked(), |r| {
            std::mem::swap(&mut r.width, &mut r.height);
        });
    }

    #[test]
    fn quality_background_format_and_candidates_count() {
        prompts("quality", &asked(), |p| p.quality = Some("high".to_owned()));
        prompts("no quality", &asked(), |p| p.quality = None);
        prompts("background", &asked(), |p| {
            p.background = Some("opaque".to_owned());
        });
        prompts("format", &asked(), |p| p.format = "webp".to_owned());
        prompts("candidates", &asked(), |p| p.candidates = 4);
    }

    #[test]
    fn a_value_is_not_mistaken_for_another_field() {
        let left = with(asked(), |p| p.quality = Some("opaque".to_owned()));
        let right = with(asked(), |p| {
            p.quality = None;
            p.background = Some("opaque".to_owned());
        });
        assert_ne!(key(&left), key(&right));
    }

    #[test]
    fn the_variant_counts_and_going_back_gives_the_old_key() {
        changes("variant", &asked(), |r| r.variant = 2);
        let mut back = asked();
        back.variant = 2;
        back.variant = 1;
        assert_eq!(key(&asked()), key(&back));
    }

    #[test]
    fn params_count_but_their_order_does_not() {
        prompts("params", &asked(), |p| {
            p.params = json!({"moderation": "low"});
        });
        let of = |params: Value| key(&with(asked(), |p| p.params = params.clone()));
        let left = of(json!({"a": {"x": 1, "y": [1, 2]}, "b": 2}));
        assert_eq!(left, of(json!({"b": 2, "a": {"y": [1, 2], "x": 1}})));
        assert_ne!(left, of(json!({"b": 2, "a": {"y": [2, 1], "x": 1}})));
    }

    #[test]
    fn references_count_by_their_bytes_and_in_order() {
        let file = |name: &str, bytes: &[u8]| {
            Picture::File(ProjectPath::new(name).unwrap(), Digest::of(bytes))
        };
        let one = with(asked(), |p| {
            p.references = vec![file("a.png", b"a"), file("b.png", b"b")];
        });
        prompts("bytes", &one, |p| p.references[0] = file("a.png", b"other"));
        prompts("order", &one, |p| p.references.reverse());
        prompts("fewer", &one, |p| p.references.truncate(1));
        let moved = with(one.clone(), |p| {
            p.references[0] = file("elsewhere/renamed.png", b"a");
        });
        assert_eq!(key(&one), key(&moved), "a path must not count");
    }

    #[test]
    fn the_mask_counts_and_is_not_a_reference() {
        let picture = || Picture::Asset("base".to_owned());
        let reference = with(asked(), |p| p.references = vec![picture(), picture()]);
        let mask = with(asked(), |p| {
            p.references = vec![picture()];
            p.mask = Some(picture());
        });
        assert_ne!(key(&reference), key(&mask));
        prompts("mask", &mask, |p| p.mask = None);
    }

    #[test]
    fn an_unknown_picture_means_no_key_yet() {
        let request = with(asked(), |p| p.references = vec![Picture::Previous]);
        assert_eq!(shot(&request, |_| None), Err(&Picture::Previous));
    }

    #[test]
    fn the_layout_the_fonts_and_the_images_count() {
        let pages = |what: &str, change: &dyn Fn(&mut Page)| {
            changes(what, &drawn(), |r| match &mut r.work {
                Work::Draw(page) => change(page),
                Work::Ask(_) => panic!("a drawing is asked for"),
            });
        };
        pages("html", &|page| page.html.push(' '));
        pages("fonts", &|page| {
            page.fonts = Arc::new([Digest::of(b"another")]);
        });
        pages("images", &|page| {
            page.images.push(PageImage {
                name: "logo.png".to_owned(),
                path: ProjectPath::new("logo.png").unwrap(),
                digest: Digest::of(b"logo"),
            });
        });
    }

    #[test]
    fn the_layouts_name_does_not_count_for_a_drawing() {
        let mut other = drawn();
        other.model.name = "renamed".to_owned();
        assert_eq!(key(&drawn()), key(&other));
    }

    fn exported() -> Export {
        Export {
            width: 1080,
            height: 1440,
            crop: None,
            format: Format::Png,
            quality: None,
            max_bytes: None,
        }
    }

    fn overlaid() -> Overlay {
        Overlay {
            layout: "title".to_owned(),
            renderer: 1,
            page: Page {
                html: "<p>30 天</p>".to_owned(),
                fonts: Arc::new([Digest::of(b"font")]),
                images: vec![PageImage {
                    name: "logo.png".to_owned(),
                    path: ProjectPath::new("logo.png").unwrap(),
                    digest: Digest::of(b"logo"),
                }],
            },
        }
    }

    #[test]
    fn the_key_of_a_known_export_never_changes() {
        let hex = |overlay| {
            export(&exported(), overlay, Digest::of(b"p"))
                .key(EXPORT)
                .0
                .hex()
        };
        assert_eq!(
            [hex(None), hex(Some(&overlaid()))],
            [
                "26a93d07143c2460c0a98fd213bf423cabaee975ce9741c3e98ece519692b056",
                "5a04972f8158aed9ccd9683a08b2347afdc0477f01d0aef508ea5df5f53a00fb"
            ]
        );
    }

    #[test]
    fn all_of_an_overlay_counts_but_its_name() {
        let key =
            |overlay: Option<&Overlay>| export(&exported(), overlay, Digest::of(b"p")).key(EXPORT);
        let first = key(Some(&overlaid()));
        assert_ne!(first, key(None), "that there is one");
        let change = |change: &dyn Fn(&mut Overlay)| {
            let mut other = overlaid();
            change(&mut other);
            key(Some(&other))
        };
        assert_ne!(first, change(&|o| o.page.html.push(' ')), "html");
        assert_ne!(first, change(&|o| o.renderer = 2), "renderer");
        let fonts = |o: &mut Overlay| o.page.fonts = Arc::new([Digest::of(b"another")]);
        assert_ne!(first, change(&fonts), "fonts");
        let image = |o: &mut Overlay| o.page.images[0].digest = Digest::of(b"another");
        assert_ne!(first, change(&image), "an image's bytes");
        let name = |o: &mut Overlay| o.page.images[0].name = "mark.png".to_owned();
        assert_ne!(first, change(&name), "an image's name in the page");
        assert_eq!(first, change(&|o| o.layout = "band".to_owned()), "its name");
        let moved = |o: &mut Overlay| o.page.images[0].path = ProjectPath::new("a.png").unwrap();
        assert_eq!(first, change(&moved), "where an image is");
    }

    #[test]
    fn an_export_has_a_key_of_its_own() {
        let base = exported();
        let key = |e: &Export, d: &[u8]| export(e, None, Digest::of(d)).key(EXPORT);
        let first = key(&base, b"p");
        assert_eq!(first, key(&base.clone(), b"p"));
        assert_ne!(first, key(&base, b"q"), "the picture counts");
        let others = [
            Export {
                width: 1081,
                ..base.clone()
            },
            Export {
                height: 1441,
                ..base.clone()
            },
            Export {
                format: Format::Jpeg,
                ..base.clone()
            },
            Export {
                quality: Some(80),
                ..base.clone()
            },
            Export {
                max_bytes: Some(1000),
                ..base.clone()
            },
        ];
        for other in others {
            assert_ne!(first, key(&other, b"p"), "{other:?}");
        }
    }
}
