//! Which keys a sync of Infisical writes and deletes at its destination.
//!
//! It deletes what its source does not have, of the keys that its `keySchema` gives (seen in June 2025).

use serde_json::Value;

use super::lint::{ENVIRONMENT_PLACEHOLDER, SECRET_KEY};
use super::own_fields::{DISABLE_SECRET_DELETION, KEY_SCHEMA};
use crate::core::fields::{ENVIRONMENT, SYNC_OPTIONS};
use crate::core::normalize::Comparable;
use crate::core::rules::Reach;
use crate::core::spec::{DestinationSpec, FieldSpec};
use crate::core::words::capitalized;

/// The reach of a sync in comparable form. An environment that is not known can be any.
pub fn of(spec: &DestinationSpec, sync: &Comparable) -> Reach {
    // What a destination does nothing with keeps no key apart, whatever was stored.
    let option = |key: &str| {
        let value = sync.get(SYNC_OPTIONS)?.get(key)?;
        let field = option_of(spec, key);
        let counts = field.is_none_or(|field| field.has_effect() && field.can_be(value));
        counts.then_some(value)
    };
    let schema = option(KEY_SCHEMA).and_then(Value::as_str);
    let schema = schema.filter(|schema| !schema.is_empty());
    let mut schema = schema.unwrap_or(SECRET_KEY).to_owned();
    if let Some(environment) = sync.get(ENVIRONMENT).and_then(Value::as_str) {
        schema = schema.replace(ENVIRONMENT_PLACEHOLDER, environment);
    }
    let start = schema.find("{{").unwrap_or(schema.len());
    let end = schema.rfind("}}").map_or(0, |at| at + 2);
    Reach {
        prefix: schema[..start].to_owned(),
        suffix: schema[end..].to_owned(),
        deletes: option(DISABLE_SECRET_DELETION) != Some(&Value::Bool(true)),
    }
}

/// How to keep syncs to one place apart, by what the destination can do.
pub fn separation(spec: &DestinationSpec) -> String {
    let own_keys = has_effect(spec, KEY_SCHEMA).then(|| {
        format!("give each its own `{KEY_SCHEMA}`, such as `A_{SECRET_KEY}` and `B_{SECRET_KEY}`")
    });
    let no_deletion =
        can_keep(spec).then(|| format!("set `{DISABLE_SECRET_DELETION}: true` on each"));
    let ways: Vec<String> = [own_keys, no_deletion]
        .into_iter()
        .flatten()
        .chain(["choose different destinations".to_owned()])
        .collect();
    capitalized(&ways.join("; or ")) + "."
}

/// Whether a sync to the destination can leave alone what its source does not have.
pub fn can_keep(spec: &DestinationSpec) -> bool {
    let takes_it = |field: &FieldSpec| field.can_be(&Value::Bool(true));
    has_effect(spec, DISABLE_SECRET_DELETION)
        && option_of(spec, DISABLE_SECRET_DELETION).is_some_and(takes_it)
}

/// Whether an option can be set, read back, and does something.
fn has_effect(spec: &DestinationSpec, option: &str) -> bool {
    let field = option_of(spec, option);
    field.is_some_and(|field| field.access.is_both_ways() && field.has_effect())
}

fn option_of<'s>(spec: &'s DestinationSpec, option: &str) -> Option<&'s FieldSpec> {
    let named = |fields: &'s [FieldSpec], name: &str| fields.iter().find(|one| one.name == name);
    let options = named(&spec.create.fields, SYNC_OPTIONS)?.object.as_ref()?;
    named(&options.fields, option)
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, proptest};
    use serde_json::json;

    use super::of;
    use crate::core::rules::Reach;
    use crate::core::testing::{fields, spec};

    fn reach(schema: &str, environment: &str) -> Reach {
        let options = json!({"keySchema": schema});
        of(
            &spec(),
            &fields(json!({"environment": environment, "syncOptions": options})),
        )
    }

    #[test]
    fn keys_meet_unless_both_ends_rule_it_out() {
        let meet = |one: &str, other: &str| {
            let (one, other) = (reach(one, "dev"), reach(other, "dev"));
            assert_eq!(one.meets(&other), other.meets(&one));
            one.meets(&other)
        };
        for (one, other) in [
            ("", "A_{{secretKey}}"),
            ("A_{{secretKey}}", "A_B_{{secretKey}}"),
            ("A_{{secretKey}}", "{{secretKey}}_B"),
            ("{{environment}}_{{secretKey}}", "dev_{{secretKey}}"),
            ("A_{{secretKey}}_X_{{secretKey}}", "A_{{secretKey}}"),
        ] {
            assert!(meet(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("A_{{secretKey}}", "B_{{secretKey}}"),
            ("{{secretKey}}_A", "{{secretKey}}_B"),
            ("A_{{secretKey}}_A", "A_{{secretKey}}_B"),
            ("{{environment}}_{{secretKey}}", "prod_{{secretKey}}"),
        ] {
            assert!(!meet(one, other), "{one} {other}");
        }
        let schema = "{{environment}}_{{secretKey}}";
        assert!(!reach(schema, "dev").meets(&reach(schema, "prod")));
        let unknown = fields(json!({"syncOptions": {"keySchema": schema}}));
        let unknown = of(&spec(), &unknown);
        assert!(unknown.meets(&reach("A_{{secretKey}}", "dev")));
    }

    proptest! {
        #[test]
        fn a_key_that_two_schemas_give_is_one_where_they_meet(
            one in "[AB]{0,2}", other in "[AB]{0,2}", ends in ("[AB]{0,2}", "[AB]{0,2}"), key in "[AB]{1,6}"
        ) {
            let schemas = [format!("{one}{{{{secretKey}}}}{}", ends.0), format!("{other}{{{{secretKey}}}}{}", ends.1)];
            let [one, other] = schemas.each_ref().map(|schema| reach(schema, "dev"));
            let gives = |reach: &Reach| key.starts_with(&reach.prefix) && key.ends_with(&reach.suffix);
            prop_assert!(one.meets(&other) || !gives(&one) || !gives(&other));
        }
    }
}
