//! The cases, in groups. A case returns where everything was as its name says, panics where it was not, and answers
//! [`Unsupported`] where the backend says that it cannot hold it.

pub mod bytes;
pub mod ends;
pub mod hostile;
pub mod life;
pub mod meters;
pub mod order;
pub mod places;
pub mod signatures;
pub mod targets;
pub mod times;

use crate::bench::Bench;
use crate::subject::Unsupported;

pub type Case = fn(&mut Bench) -> Result<(), Unsupported>;

pub const GROUPS: [(&str, &[(&str, Case)]); 10] = [
    ("life", &life::CASES),
    ("ends", &ends::CASES),
    ("times", &times::CASES),
    ("meters", &meters::CASES),
    ("order", &order::CASES),
    ("places", &places::CASES),
    ("targets", &targets::CASES),
    ("hostile", &hostile::CASES),
    ("bytes", &bytes::CASES),
    ("signatures", &signatures::CASES),
];
