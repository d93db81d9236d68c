//! The clients of the platforms against servers that a test controls.
//!
//! | what | where |
//! |---|---|
//! | requests to Infisical and its answers | `infisical` |
//! | logging in, tokens, limits, retries | `session`, `login` |
//! | following jobs | `jobs` |
//! | certificates | `tls` |
//! | which server a credential may go to | `trust` |

mod support;

mod infisical;
mod jobs;
mod login;
mod session;
mod tls;
mod trust;
