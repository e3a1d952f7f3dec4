//! One shot of a step: drawn here, or asked of a provider. Its picture is in the store before its entry
//! says so.

use tokio::runtime::Handle;

use crate::check::draw_diagnostic;
use crate::execute::ask::Ask;
use crate::execute::step::{no_picture, page_images, told};
use crate::execute::{Failed, RunHandle, Spent, Worker, not_made};
use base::diagnostic::{Diagnostic, Exit};
use base::digest::Digest;
use base::fs::Durability;
use model::request::{Page, Picture, Prompt, Request, Work};
use plan::key::{self, Ingredients, SHOT};
use plan::{Answer, Step};
use provider::reply::Attachment;
use store::{Roll, ShotEntry};

impl From<Diagnostic> for Failed {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::new(Exit::SomeFailed, diagnostic)
    }
}

impl Worker {
    /// Makes one shot; `previous` is the picked picture of the shot before.
    pub(super) fn shot(
        &self,
        step: &Step,
        request: &Request,
        previous: Option<Digest>,
        handle: &RunHandle,
        spent: &mut Spent,
    ) -> Result<Answer, Failed> {
        let ingredients = key::shot(request, |picture| step.digest_of(picture, previous))
            .map_err(|_| no_picture())?;
        match &request.work {
            Work::Draw(page) => Ok(self.draw(request, page, ingredients)?),
            Work::Ask(prompt) => {
                let (references, mask) = self.attachments(step, prompt, previous)?;
                let model = self.models.get(&request.model);
                let ask = Ask {
                    asset: &step.spec.id,
                    request,
                    prompt,
                    key: ingredients.key(SHOT),
                    ingredients: &ingredients,
                    estimate: plan::request_estimate(&self.models, request),
                    quoted: plan::quote(&self.models, request),
                    by_picture: model.is_some_and(|model| model.picture_price.is_some()),
                    price: model.and_then(|model| model.price),
                    references: &references,
                    mask: mask.as_ref(),
                };
                self.ask(&ask, handle, spent)
            }
        }
    }

    fn draw(
        &self,
        request: &Request,
        page: &Page,
        ingredients: Ingredients,
    ) -> Result<Answer, Diagnostic> {
        let images = page_images(&self.root, page)?;
        let (width, height) = (request.width, request.height);
        let pixels = render::draw(&page.html, width, height, &self.fonts, &images)
            .map_err(draw_diagnostic)?;
        let picture =
            export::encode_picture(&pixels).map_err(|e| Diagnostic::error(e.to_string()))?;
        let digest = self.store.put(&picture, Durability::Free).map_err(told)?;
        let model = request.model.provider.clone();
        let key = ingredients.key(SHOT);
        let roll = Roll::new(vec![digest], model.clone(), 0);
        let entry = ShotEntry::accepted(roll, ingredients);
        self.store
            .put_shot(&key, &entry, Durability::Free)
            .map_err(told)?;
        Ok(Answer {
            candidates: vec![digest],
            pick: 1,
            model,
        })
    }

    fn ask(&self, ask: &Ask<'_>, handle: &RunHandle, spent: &mut Spent) -> Result<Answer, Failed> {
        let Some(paid_client) = &self.paid_client else {
            // The plan has blocked such steps: nobody comes here.
            return Err(not_made::nobody(&ask.request.model.provider));
        };
        // This thread does nothing else meanwhile; the runtime's own drives the connection.
        Handle::current().block_on(paid_client.ask(ask, handle, spent))
    }

    /// The pictures that go with a prompt, as files: its references in order, and its mask.
    fn attachments(
        &self,
        step: &Step,
        prompt: &Prompt,
        previous: Option<Digest>,
    ) -> Result<(Vec<Attachment>, Option<Attachment>), Diagnostic> {
        let attach = |picture: &Picture| self.attachment(step, picture, previous);
        let references = prompt.references.iter().map(attach);
        let references = references.collect::<Result<Vec<_>, _>>()?;
        let mask = prompt.mask.as_ref().map(attach).transpose()?;
        Ok((references, mask))
    }

    /// A picture that goes with a request, as a file.
    fn attachment(
        &self,
        step: &Step,
        picture: &Picture,
        previous: Option<Digest>,
    ) -> Result<Attachment, Diagnostic> {
        let digest = step.digest_of(picture, previous).ok_or_else(no_picture)?;
        let path = match picture {
            Picture::File(path, _) => self.root.at(path),
            Picture::Asset(_) | Picture::Previous => {
                // It may be only in an output that the lock names: then it goes into the store now.
                self.kept(&digest)?.ok_or_else(no_picture)?;
                self.store.path_of(&digest).ok_or_else(no_picture)?
            }
        };
        Ok(Attachment { path, digest })
    }
}
