//! The words that every part of gpbuild uses: what bytes are called, where files are and how they are read
//! and written, how a fault is told. Knows nothing of pictures.

pub mod diagnostic;
pub mod digest;
pub mod door;
pub mod fs;
pub mod home;
pub mod lfs;
pub mod path;
pub mod text;
pub mod world;
