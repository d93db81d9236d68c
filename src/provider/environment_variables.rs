//! Which environment variables serve which provider.
//!
//! The platform's own names (`INFISICAL_TOKEN`) serve only the provider that is named after it.
//! Every other provider reads them behind its own name (`ONPREM_INFISICAL_TOKEN`), so that a file
//! that adds a provider can never draw a credential meant for another one.

use std::collections::BTreeMap;

use secrecy::SecretString;

use super::provider_config::ProviderConfig;
use crate::environment::Environment;
use crate::http::error::{RequestError, RequestErrorKind};
use crate::redaction;

/// The longest credential that is taken, in bytes: no server reads a header that is longer.
const LONGEST_CREDENTIAL: usize = 32 * 1024;

/// The environment as one provider sees it.
#[derive(Debug, Clone)]
pub struct ProviderVariables<'a> {
    environment: &'a Environment,
    prefix: String,
}

impl<'a> ProviderVariables<'a> {
    /// The variables of a provider.
    pub fn of(config: &ProviderConfig, environment: &'a Environment) -> Self {
        Self {
            environment,
            prefix: prefix(config),
        }
    }

    /// The demo variables of the sandbox, which serve every provider of a platform.
    pub const fn of_sandbox(demo: &'a Environment) -> Self {
        Self {
            environment: demo,
            prefix: String::new(),
        }
    }

    /// The full name of a variable: `INFISICAL_HOST`, or `ONPREM_INFISICAL_HOST`.
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// The value of a variable, if it is set and not empty.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.environment.get(&self.name(name))
    }

    /// The credential in a variable, if it is set; see [`credential`].
    pub fn credential(&self, name: &str) -> Result<Option<SecretString>, RequestError> {
        credential(self.environment, &self.name(name))
    }

    /// The id in a variable, if it is set. It has the form of a credential, and is no secret.
    pub fn id(&self, name: &str) -> Result<Option<String>, RequestError> {
        bare(self.environment, &self.name(name)).map(|id| id.map(str::to_owned))
    }

    /// The whole environment, for what belongs to the machine and not to a provider.
    pub const fn environment(&self) -> &'a Environment {
        self.environment
    }
}

/// The credential in a variable, if it is set, without the line break that pasting leaves at its
/// end. It is registered as a secret.
pub fn credential(
    environment: &Environment,
    variable: &str,
) -> Result<Option<SecretString>, RequestError> {
    let text = bare(environment, variable)?;
    Ok(text.map(|text| redaction::register(text, variable)))
}

/// What a variable holds that has the form of a credential.
fn bare<'a>(environment: &'a Environment, variable: &str) -> Result<Option<&'a str>, RequestError> {
    let text = environment.get(variable).unwrap_or_default();
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > LONGEST_CREDENTIAL {
        return Err(RequestError::authentication(format!(
            "{variable} holds {} bytes, and no credential is longer than {LONGEST_CREDENTIAL}.",
            text.len()
        ))
        .help("Set it again to the bare credential."));
    }
    if !is_credential(text) {
        return Err(RequestError::new(
            RequestErrorKind::Authentication,
            format!(
                "{variable} holds a blank, a line break or another character that no credential has."
            ),
        )
        .help("Set it again to the bare credential, without quotes, blanks or the word Bearer."));
    }
    Ok(Some(text))
}

/// Whether a text can be a credential, which is sent in a header as it is.
pub fn is_credential(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_CREDENTIAL
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Refuses provider names that would read the same variables: `on-prem` and `on_prem`.
pub fn check_prefixes(configs: &[ProviderConfig]) -> Result<(), RequestError> {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for config in configs {
        let prefix = prefix(config);
        if prefix.is_empty() {
            continue;
        }
        match owners.get(&prefix) {
            Some(owner) if *owner != config.name => {
                return Err(RequestError::new(
                    RequestErrorKind::Configuration,
                    format!(
                        "The providers \"{owner}\" and \"{}\" would both read the variables {prefix}….",
                        config.name
                    ),
                )
                .help("Rename one of them."));
            }
            _ => {
                owners.insert(prefix, &config.name);
            }
        }
    }
    Ok(())
}

fn prefix(config: &ProviderConfig) -> String {
    if config.name == config.platform.name() {
        return String::new();
    }
    let name: String = config
        .name
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect();
    format!("{name}_")
}

#[cfg(test)]
mod tests {
    use super::{ProviderVariables, check_prefixes};
    use crate::core::platform::Platform;
    use crate::environment::Environment;
    use crate::provider::ProviderConfig;
    use crate::provider::{enkryptify, infisical};

    fn config(name: &str, kind: Platform) -> ProviderConfig {
        ProviderConfig {
            name: name.to_owned(),
            platform: kind,
            url: None,
        }
    }

    #[test]
    fn unprefixed_variables_serve_only_the_provider_named_after_its_platform() {
        let environment = Environment::default();
        for (name, kind, host) in [
            ("infisical", infisical::PLATFORM, "INFISICAL_HOST"),
            ("onprem", infisical::PLATFORM, "ONPREM_INFISICAL_HOST"),
            ("on-prem", infisical::PLATFORM, "ON_PREM_INFISICAL_HOST"),
            (
                "enkryptify",
                infisical::PLATFORM,
                "ENKRYPTIFY_INFISICAL_HOST",
            ),
        ] {
            let config = config(name, kind);
            assert_eq!(
                ProviderVariables::of(&config, &environment).name("INFISICAL_HOST"),
                host
            );
        }
    }

    #[test]
    fn two_names_that_share_a_prefix_are_refused() {
        let infisical = infisical::PLATFORM;
        let clash = check_prefixes(&[config("on-prem", infisical), config("on_prem", infisical)]);
        let message = clash.expect_err("they share ON_PREM_").message;
        assert!(message.contains("\"on-prem\" and \"on_prem\""), "{message}");
        assert!(message.contains("ON_PREM_"), "{message}");
        check_prefixes(&[
            config("infisical", infisical),
            config("enkryptify", enkryptify::PLATFORM),
            config("onprem", infisical),
            config("onprem", infisical),
        ])
        .expect("these differ, or are the same provider");
    }
}
