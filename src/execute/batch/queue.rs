//! Gathers a request for a batch: its price is reserved, its intent and its line are written, and it waits for the others.
//! Nothing is sent.

use std::io::{Seek, SeekFrom, Write};

use super::state::{Gathering, QueuedLine};
use crate::execute::ask::{Ask, PaidClient, own_id};
use crate::execute::route::Route;
use crate::execute::{Failed, not_made};
use model::Money;
use provider::BatchClient;
use provider::submission::Submission;
use store::ledger::{Intent, Moment, NotIntended, Outcome, Settlement};
use store::{BatchHead, Form, Mark, Payer};

impl PaidClient {
    /// Gathers a request; it is sent when nothing else can be done.
    pub(in crate::execute) fn queue(
        &self,
        ask: &Ask<'_>,
        route: &Route,
        client: &BatchClient,
    ) -> Result<(), Failed> {
        let submission = Submission {
            request: ask.request,
            prompt: ask.prompt,
            own_id: &own_id(&ask.key, 0),
            references: ask.references,
            mask: ask.mask,
        };
        let line = client.line(&ask.key.0.hex(), submission);
        let line = line.map_err(|e| not_made::unreadable(&e.to_string()))?;
        let (size, capacity) = (line.len() as u64, client.capacity());
        if size > capacity.bytes {
            return Err(not_made::too_large_for_batch(size, capacity.bytes));
        }
        let reserved = self.budget.reserve(ask.estimate).map_err(not_made::over)?;
        let provider = ask.request.model.provider.clone();
        let mut gathered = self.batches.gathered();
        let place = (provider, client.group(submission));
        let batches = gathered.batches.entry(place).or_default();
        let has_room = |last: &Gathering| last.has_room(size, capacity);
        if !batches.last().is_some_and(has_room) {
            match self.begin(&ask.request.model.provider, client) {
                Ok(begun) => batches.push(begun),
                Err(failed) => {
                    self.budget.charge(reserved, Some(model::Micro(0)));
                    return Err(failed);
                }
            }
        }
        let Some(batch) = batches.last_mut() else {
            return Err(not_made::nobody(&ask.request.model.provider));
        };
        let number = match self.add(batch, ask, route, &line) {
            Ok(number) => number,
            Err(failed) => {
                self.budget.charge(reserved, Some(model::Micro(0)));
                return Err(failed);
            }
        };
        batch.lines.push(QueuedLine {
            key: ask.key,
            asset: ask.asset.to_owned(),
            number,
            estimate: ask.estimate,
            reserved,
        });
        let mark = batch.open.head.mark;
        gathered.keys.insert(ask.key);
        gathered.marks.insert(mark);
        Ok(())
    }

    /// A new batch: its file is on the disk, and held.
    fn begin(&self, provider: &str, client: &BatchClient) -> Result<Gathering, Failed> {
        let mark = random_mark().map_err(|why| not_made::no_batch(&why))?;
        let payer = Payer {
            process: std::process::id(),
            since: Moment::now().to_string(),
            asset: String::new(),
            project: self.project.clone(),
        };
        let held = self.store.try_make(&mark.lock(), &payer);
        let held = held
            .map_err(|e| not_made::disk(&e))?
            .ok_or_else(|| not_made::no_batch("its mark is another one's"))?;
        let body = tempfile::tempfile();
        let body = body.map_err(|e| not_made::no_batch(&format!("no temporary file: {e}")))?;
        let open = self.store.begin_batch(BatchHead {
            mark,
            provider: provider.to_owned(),
            project: self.project.clone(),
            form: Form(client.place().as_str().into()),
        });
        Ok(Gathering {
            open: open.map_err(|e| not_made::disk(&e))?,
            held,
            body,
            size: 0,
            lines: Vec::new(),
            broken: None,
        })
    }

    /// Writes the intent and the line of a request.
    fn add(
        &self,
        batch: &mut Gathering,
        ask: &Ask<'_>,
        route: &Route,
        line: &[u8],
    ) -> Result<u64, Failed> {
        let intent = Intent {
            asset: ask.asset.to_owned(),
            key: ask.key,
            model: ask.request.model.to_string(),
            pictures: ask.prompt.candidates,
            estimate: ask.estimate,
            quoted: ask.quoted.and_then(Money::foreign),
            project: self.project.clone(),
            from: None,
            batch: Some(batch.open.head.mark.hex()),
        };
        let number = match self.ledger.intend_later(intent, &self.ceilings) {
            Ok(number) => number,
            Err(NotIntended::Disk(error)) => return Err(not_made::disk(&error)),
            Err(NotIntended::Over(ceiling, left)) => {
                return Err(not_made::over(self.budget.passed(&ceiling, left)));
            }
        };
        let unsent = |why: String| Settlement {
            outcome: Outcome::Unsent,
            cost: None,
            billed: None,
            request_id: None,
            why: Some(why),
        };
        if let Err(error) = batch.open.add(&self.head(ask, route, number)) {
            // Nothing was sent; if even that cannot be written, the whole batch is not.
            let _ = self.ledger.settle(number, unsent(error.to_string()));
            batch.broken = Some(error.to_string());
            return Err(not_made::disk(&error));
        }
        if let Err(error) = batch.body.write_all(line) {
            let _ = self.ledger.settle(number, unsent(error.to_string()));
            let cut = batch.body.set_len(batch.size);
            if cut
                .and_then(|()| batch.body.seek(SeekFrom::End(0)))
                .is_err()
            {
                batch.broken = Some(error.to_string());
            }
            return Err(not_made::no_batch(&format!("no temporary file: {error}")));
        }
        batch.size += line.len() as u64;
        Ok(number)
    }
}

/// No two batches have the same.
fn random_mark() -> Result<Mark, String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|e| e.to_string())?;
    Ok(Mark::new(random))
}
