//! Which of the layers that an asset inherits from sets a field: `[defaults]`, the profile, the
//! carousel, the asset or slide. Knows the order; renders nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::manifest::{At, Fields, RawWords, Style};

/// The layers of one asset, the weakest first.
#[derive(Clone)]
pub struct Layers<'a>(Vec<Layer<'a>>);

/// One layer.
#[derive(Clone)]
struct Layer<'a> {
    /// For `show`: `profile final`; empty where the place says enough.
    name: &'a str,
    /// The folder that its paths are relative to.
    folder: &'a str,
    fields: &'a Fields,
}

/// A field's value, the layer's name and the folder its paths are relative to.
pub struct Found<'a, T> {
    /// The value.
    pub value: &'a T,
    /// The layer's name.
    pub layer: &'a str,
    /// The folder of its manifest.
    pub folder: &'a str,
}

impl<'a> Layers<'a> {
    /// No layer.
    pub fn new() -> Self {
        Self(Vec::new())
    }

    /// With a stronger layer on top.
    pub fn with(&self, name: &'a str, folder: &'a str, fields: &'a Fields) -> Self {
        let mut layers = self.0.clone();
        layers.push(Layer {
            name,
            folder,
            fields,
        });
        Self(layers)
    }

    /// The strongest layer that sets a field.
    pub fn get<T>(&self, field: impl Fn(&'a Fields) -> Option<&'a T>) -> Option<Found<'a, T>> {
        self.0.iter().rev().find_map(|layer| {
            field(layer.fields).map(|value| Found {
                value,
                layer: layer.name,
                folder: layer.folder,
            })
        })
    }

    /// The preset or the size, whichever the strongest layer that has either sets.
    pub fn target(&self) -> Target<'a> {
        for layer in self.0.iter().rev() {
            match (&layer.fields.preset, &layer.fields.size) {
                (Some(preset), Some(size)) => return Target::Both(preset, size),
                (Some(preset), None) => return Target::Preset(preset),
                (None, Some(size)) => return Target::Size(size),
                (None, None) => {}
            }
        }
        Target::None
    }

    /// All vars: the style's come between the defaults and the asset's own.
    pub fn vars(&self, style: Option<&'a Style>) -> BTreeMap<&'a str, &'a At<Value>> {
        let mut merged: BTreeMap<&str, &At<Value>> = BTreeMap::new();
        let add = |merged: &mut BTreeMap<&'a str, &'a At<Value>>, vars: &'a BTreeMap<_, _>| {
            merged.extend(
                vars.iter()
                    .map(|(name, value): (&String, _)| (name.as_str(), value)),
            );
        };
        let (shared, own): (Vec<&Layer<'a>>, Vec<&Layer<'a>>) =
            self.0.iter().partition(|layer| !layer.name.is_empty());
        for layer in shared {
            add(&mut merged, &layer.fields.vars);
        }
        if let Some(style) = style {
            add(&mut merged, &style.vars);
        }
        for layer in own {
            add(&mut merged, &layer.fields.vars);
        }
        merged
    }

    /// All words by role.
    pub fn text(&self) -> BTreeMap<&'a str, &'a At<RawWords>> {
        let mut merged: BTreeMap<&str, &At<RawWords>> = BTreeMap::new();
        for layer in &self.0 {
            merged.extend(
                layer
                    .fields
                    .text
                    .iter()
                    .map(|(role, words)| (role.as_str(), words)),
            );
        }
        merged
    }
}

impl<T> Clone for Found<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Found<'_, T> {}

/// What says how large the output is.
pub enum Target<'a> {
    /// Nothing.
    None,
    /// A preset's name.
    Preset(&'a At<String>),
    /// A size.
    Size(&'a At<(u32, u32)>),
    /// Both on one layer: which one is meant?
    Both(&'a At<String>, &'a At<(u32, u32)>),
}
