//! Many slides in one file: a PDF or a contact sheet out of their outputs, one after another.

use std::collections::BTreeMap;

use image::RgbaImage;
use tokio::runtime::Handle;

use crate::check::draw_diagnostic;
use crate::execute::step::no_picture;
use crate::execute::{Made, Worker};
use base::diagnostic::Diagnostic;
use base::digest::Digest;
use declare::spec::{Bundle, Form};
use export::ExportError;
use export::pdf::Pdf;
use export::sheet::ContactSheet;
use model::request::Page;
use plan::Step;
use render::NUMERALS_SIZE;

impl Worker {
    /// Makes a bundle whose slides are all made.
    pub(super) fn bundle(&self, step: &Step, bundle: &Bundle) -> Result<Made, Diagnostic> {
        let ingredients = step.bundled().ok_or_else(no_picture)?;
        // One decoded picture at a time is all that it takes.
        let _room = Handle::current().block_on(self.room.acquire());
        let bytes = match &bundle.form {
            Form::Pdf { title } => {
                let mut pdf = Pdf::default();
                self.each_slide(step, bundle, |slide| pdf.add(slide))?;
                pdf.finish(title).map_err(unwritten)?
            }
            Form::Sheet {
                sheet, numerals, ..
            } => {
                let mut filling = ContactSheet::new(sheet, self.numerals(numerals)?);
                self.each_slide(step, bundle, |slide| filling.add(slide))?;
                filling.finish().map_err(unwritten)?
            }
        };
        let digest = self.deliver(step, &bytes, ingredients)?;
        Ok(Made {
            locked: self.locked(step, Vec::new(), digest)?,
            bytes: bytes.len() as u64,
            shots: 0,
        })
    }

    /// Hands on the outputs of the slides, in order.
    fn each_slide(
        &self,
        step: &Step,
        bundle: &Bundle,
        mut take: impl FnMut(&[u8]) -> Result<(), ExportError>,
    ) -> Result<(), Diagnostic> {
        for id in &bundle.slides {
            let digest: &Digest = step.takes.get(id).ok_or_else(no_picture)?;
            let slide = self.kept(digest)?.ok_or_else(|| {
                Diagnostic::error(format!("the store has lost the output of `{id}`"))
                    .hint("remove that output and run `gpbuild` again: it is made anew")
            })?;
            take(&slide).map_err(|e| Diagnostic::error(format!("slide `{id}`: {e}")))?;
        }
        Ok(())
    }

    fn numerals(&self, page: &Page) -> Result<RgbaImage, Diagnostic> {
        let (width, height) = NUMERALS_SIZE;
        render::draw(&page.html, width, height, &self.fonts, &BTreeMap::new())
            .map_err(draw_diagnostic)
    }
}

fn unwritten(error: ExportError) -> Diagnostic {
    Diagnostic::error(error.to_string())
}
