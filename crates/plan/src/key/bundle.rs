//! What makes a bundle different from another: the outputs that it holds, in order, and how they are
//! put together.

use super::{Ingredients, VERSION, add_page};
use base::digest::Digest;
use declare::spec::Form;
use export::{pdf, sheet};

/// The ingredients of a bundle of these outputs: an export, but of many.
pub fn bundle(form: &Form, outputs: &[Digest]) -> Ingredients {
    let mut list = Ingredients::default();
    list.add("key version", VERSION.to_string());
    match form {
        Form::Pdf { title } => {
            list.add("pdf version", pdf::VERSION.to_string());
            list.add("pdf.title", title.as_str());
        }
        Form::Sheet {
            sheet,
            numerals,
            renderer,
        } => {
            list.add("sheet version", sheet::VERSION.to_string());
            for (name, value) in sheet.ingredients() {
                list.add(name, value);
            }
            list.add("numerals renderer", renderer.to_string());
            add_page(&mut list, "numerals", "numerals ", numerals);
        }
    }
    for (n, output) in outputs.iter().enumerate() {
        list.add(&format!("slide {}", n + 1), output.hex());
    }
    list
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::bundle;
    use crate::key::{EXPORT, Key};
    use base::digest::Digest;
    use declare::spec::Form;
    use export::sheet::Sheet;
    use model::request::Page;

    fn outputs(names: &[&str]) -> Vec<Digest> {
        names.iter().map(|n| Digest::of(n.as_bytes())).collect()
    }

    fn key(form: &Form, names: &[&str]) -> Key {
        bundle(form, &outputs(names)).key(EXPORT)
    }

    fn pdf(title: &str) -> Form {
        Form::Pdf {
            title: title.to_owned(),
        }
    }

    fn sheet(slides: usize, digits: usize, html: &str, renderer: u32) -> Form {
        Form::Sheet {
            sheet: Sheet::new(&vec![(1080, 1440); slides], digits).unwrap(),
            numerals: Page {
                html: html.to_owned(),
                fonts: Arc::new([Digest::of(b"font")]),
                images: Vec::new(),
            },
            renderer,
        }
    }

    #[test]
    fn the_key_of_a_known_bundle_never_changes() {
        let hex = |form| key(&form, &["a", "b"]).0.hex();
        assert_eq!(
            [hex(pdf("deck")), hex(sheet(2, 2, "<b>0</b>", 1))],
            [
                "296f0624ef6de6a64ce3a4933399e5ae9e59250fc60d69effec28b6705493191",
                "779bb74f5d2be28a6b5793f03e1ba46cd42d64b9c795f99eaab7b83ae27e2153"
            ]
        );
    }

    #[test]
    fn the_slides_and_their_order_count() {
        for form in [pdf("deck"), sheet(2, 2, "0", 1)] {
            let first = key(&form, &["a", "b"]);
            assert_ne!(first, key(&form, &["b", "a"]));
            assert_ne!(first, key(&form, &["a"]));
            assert_ne!(first, key(&form, &["a", "b", "c"]));
        }
    }

    #[test]
    fn what_is_seen_of_it_counts() {
        let slides = ["a", "b"];
        assert_ne!(key(&pdf("deck"), &slides), key(&pdf("other"), &slides));
        let first = key(&sheet(2, 2, "0", 1), &slides);
        for (other, what) in [
            (sheet(9, 2, "0", 1), "grid"),
            (sheet(2, 3, "0", 1), "digits"),
            (sheet(2, 2, "1", 1), "numerals"),
            (sheet(2, 2, "0", 2), "renderer"),
        ] {
            assert_ne!(first, key(&other, &slides), "{what}");
        }
    }
}
