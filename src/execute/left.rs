//! Collects what is paid for and on its way, by tickets and in batches, whoever asked for it: what no asset asks for any
//! more gets into the store like all else. Pays for nothing, and sends no request.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::check::Judge;
use crate::execute::Batching;
use crate::execute::ask::{PaidClient, Terms};
use crate::execute::batch::{End, Seen, is_open, name};
use crate::execute::budget::Limits;
use crate::execute::ingest::Ingested;
use crate::execute::route::Route;
use crate::execute::run_handle::{Message, RunHandle};
use crate::execute::{Failed, listen, not_made};
use base::diagnostic::Diagnostic;
use base::fs::FsError;
use plan::key::Key;
use store::ledger::{Ledger, Moment};
use store::{Batch, Head, Payer, Store};

/// At most so many are collected at once.
const MAX_AT_ONCE: usize = 8;

/// What became of one that was on its way.
pub struct Left {
    /// The asset that it was asked for.
    pub asset: String,
    /// `provider/model`.
    pub model: String,
    /// What came of it.
    pub what: Came,
}

/// What came of one that was on its way.
pub enum Came {
    /// Its pictures are in the store; what is odd about them.
    Here(Vec<String>),
    /// Nothing came, or not now.
    Not(Box<Failed>),
    /// Another gpbuild asks for it just now.
    Held(Payer),
    /// Its provider cannot be asked here.
    Nobody,
}

/// What is on its way, before it is asked for.
pub struct Waiting {
    store: Store,
    tickets: Vec<(Key, PathBuf, Head)>,
    batches: Vec<Batch>,
}

impl Waiting {
    /// All that is on its way to this person, with what was in batches that were given up.
    pub fn find(store: &Store, ledger: &Ledger) -> Result<Self, FsError> {
        let tickets = store.tickets()?.into_iter();
        let tickets = tickets.map(|(key, path)| {
            let (head, _) = store.ticket(&path)?;
            Ok((key, path, head))
        });
        Ok(Self {
            store: store.clone(),
            tickets: tickets.collect::<Result<_, FsError>>()?,
            batches: {
                let mut batches = store.batches()?;
                batches.retain(|batch| {
                    let mut lines = batch.lines.iter();
                    store.is_batch_sent(batch.head.mark)
                        && lines.any(|(key, line)| is_open(ledger, key, *line))
                });
                batches
            },
        })
    }

    /// The providers that it is to be asked of.
    pub fn providers(&self) -> BTreeSet<&str> {
        let heads = self.tickets.iter().map(|(_, _, head)| head);
        let batches = self.batches.iter();
        let batches = batches.map(|batch| batch.head.provider.as_str());
        heads.map(provider).chain(batches).collect()
    }

    /// Collects all of it on these routes, by the provider's name; `tell` hears of each. Whether it was ended before.
    pub fn collect(
        self,
        routes: BTreeMap<String, Route>,
        ledger: Arc<Ledger>,
        tell: &mut dyn FnMut(Left),
    ) -> Result<bool, Diagnostic> {
        let terms = Terms {
            project: String::new(),
            limits: Limits::default(),
            ceilings: Vec::new(),
            retry_in_doubt: false,
            judge: Judge::default(),
            batching: Batching::default(),
            pending: BTreeSet::new(),
        };
        let client = Arc::new(PaidClient::new(routes, self.store, ledger, terms));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(MAX_AT_ONCE + 1)
            .build()
            .map_err(|e| Diagnostic::error(format!("cannot start: {e}")))?;
        Ok(runtime.block_on(run(&client, self.tickets, self.batches, tell)))
    }
}

async fn run(
    client: &Arc<PaidClient>,
    tickets: Vec<(Key, PathBuf, Head)>,
    batches: Vec<Batch>,
    tell: &mut dyn FnMut(Left),
) -> bool {
    let (stop, stopped) = watch::channel(false);
    // Notes are of requests: none is sent.
    let (notes, _unheard) = mpsc::unbounded_channel::<Message>();
    let handle = RunHandle {
        stop: stopped,
        tell: notes,
    };
    let (tell_end, mut end) = mpsc::channel(1);
    tokio::spawn(listen(tell_end));
    let mut running = JoinSet::new();
    for (key, path, head) in tickets {
        let (client, handle) = (Arc::clone(client), handle.clone());
        running.spawn_blocking(move || vec![client.left(key, &path, &head, &handle)]);
    }
    for batch in batches {
        let (client, handle) = (Arc::clone(client), handle.clone());
        running.spawn_blocking(move || client.left_in_batch(&batch, &handle));
    }
    loop {
        tokio::select! {
            Some(()) = end.recv(), if !*stop.borrow() => {
                stop.send_replace(true);
            }
            joined = running.join_next() => match joined {
                Some(Ok(left)) => left.into_iter().for_each(&mut *tell),
                Some(Err(_)) => {}
                None => return *stop.borrow(),
            },
        }
    }
}

impl PaidClient {
    fn left(&self, key: Key, path: &Path, head: &Head, handle: &RunHandle) -> Left {
        let came = self.came(key, path, head, handle);
        Left {
            asset: head.asset.clone(),
            model: head.model.clone(),
            what: came.unwrap_or_else(|failed| Came::Not(Box::new(failed))),
        }
    }

    /// Takes in what there is of a batch: what came of each of its lines that had no end.
    fn left_in_batch(&self, batch: &Batch, handle: &RunHandle) -> Vec<Left> {
        // Once all of it is taken in, it is forgotten.
        let lines = self.open_lines(batch).into_iter();
        let heads = lines.map(|(key, line)| (key, self.head_of(batch, line)));
        let heads: Vec<(Key, Result<Head, Failed>)> = heads.collect();
        let mark = batch.head.mark;
        let id = self.store.batch_id(mark).ok().flatten();
        let id = id.unwrap_or_else(|| name(mark));
        let seen = self.route(&batch.head.provider).map(|route| {
            let seen = self.seen(batch, route, handle);
            Handle::current().block_on(seen)
        });
        let left = heads.into_iter().map(|(key, head)| match head {
            Err(failed) => Left {
                asset: batch.head.project.clone(),
                model: batch.head.provider.clone(),
                what: Came::Not(Box::new(failed)),
            },
            Ok(head) => {
                let came = self.came_in_batch(key, &head, &id, seen.as_ref(), handle);
                Left {
                    asset: head.asset,
                    model: head.model,
                    what: came.unwrap_or_else(|failed| Came::Not(Box::new(failed))),
                }
            }
        });
        left.collect()
    }

    fn came_in_batch(
        &self,
        key: Key,
        head: &Head,
        id: &str,
        seen: Option<&Result<Seen, Failed>>,
        handle: &RunHandle,
    ) -> Result<Came, Failed> {
        match self.batches.end(&key) {
            Some(End::Made(..)) => return Ok(Came::Here(Vec::new())),
            Some(End::Failed(failed)) => return Err(failed),
            None => {}
        }
        let tickets = self.store.tickets().map_err(|e| not_made::disk(&e))?;
        if let Some(path) = tickets.get(&key) {
            return self.came(key, path, head, handle);
        }
        match seen {
            None => Ok(Came::Nobody),
            Some(Err(failed)) => Err(failed.clone()),
            Some(Ok(Seen::Pending { why, .. })) => Err(not_made::in_batch(&head.asset, id, why)),
            Some(Ok(Seen::Done)) if self.stored(&key).is_ok_and(|stored| stored.is_some()) => {
                Ok(Came::Here(Vec::new()))
            }
            Some(Ok(Seen::Done)) => {
                let why = "its batch was given up, and nothing of it is there by now";
                Err(not_made::doubt(why, None))
            }
        }
    }

    fn came(&self, key: Key, path: &Path, head: &Head, handle: &RunHandle) -> Result<Came, Failed> {
        let Some(route) = self.route(provider(head)) else {
            return Ok(Came::Nobody);
        };
        if *handle.stop.borrow() {
            return Err(not_made::on_its_way(
                &head.asset,
                "the run was ended before",
            ));
        }
        let payer = Payer {
            process: std::process::id(),
            since: Moment::now().to_string(),
            asset: head.asset.clone(),
            project: String::new(),
        };
        let held = self.store.try_make(&key, &payer);
        let Some(_held) = held.map_err(|e| not_made::disk(&e))? else {
            return Ok(Came::Held(self.store.payer(&key).unwrap_or_default()));
        };
        // Whoever held it may have collected it.
        if !self
            .store
            .has_answer(path)
            .map_err(|e| not_made::disk(&e))?
        {
            return Ok(Came::Here(Vec::new()));
        }
        let collected = self.collect(&head.asset, path, None, route, handle);
        let Ingested { remarks, .. } = Handle::current().block_on(collected)?;
        Ok(Came::Here(remarks))
    }
}

fn provider(head: &Head) -> &str {
    head.model.split('/').next().unwrap_or_default()
}
