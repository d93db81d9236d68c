//! Logins and access tokens.

use std::collections::HashMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use super::refusal::Refusal;
use crate::core::words::is_uuid;
use crate::sandbox::era::Era;
use crate::sandbox::moment::Moment;
use crate::sandbox::world::{Identity, TokenClaims, World};
use crate::sandbox::zod::{self, StringRule};
use crate::sandbox::{call::Call, ids};

/// The access tokens that were given out in this run.
#[derive(Default)]
pub struct Tokens {
    issued: HashMap<String, Token>,
    count: u64,
    /// By client id, the universal-auth logins that were refused lately.
    refused: HashMap<String, Refused>,
}

#[derive(Default)]
struct Refused {
    at: Vec<Moment>,
    locked_until: Moment,
}

/// How many wrong logins within how long lock an identity for how long, today.
const LOCKOUT: (usize, Duration, Duration) = (3, Duration::from_secs(30), Duration::from_secs(300));

struct Token {
    client_id: String,
    expires: Moment,
    renewable_until: Moment,
    uses: u32,
    /// The sub-organisation that it is for.
    organization: Option<String>,
}

impl Token {
    /// Whose it is, unless it was taken back or the identity is gone.
    fn identity<'a>(&self, world: &'a World) -> Result<&'a Identity, Refusal> {
        world
            .identities
            .iter()
            .find(|identity| identity.client_id == self.client_id)
            .filter(|_| self.expires != REVOKED)
            .ok_or_else(|| Refusal::unauthorized("No identity access token found"))
    }
}

const LOCKED: &str = "This identity auth method is temporarily locked, please try again later";
const EXPIRED: &str = "Your token has expired. Please re-authenticate.";
const MALFORMED: &str = "The provided access token is malformed. Please use a valid token or generate a new one and try again.";

impl Tokens {
    /// The identity that a request's token belongs to; the request counts as one use of it.
    pub fn identity(
        &mut self,
        world: &World,
        call: &Call,
        now: Moment,
    ) -> Result<Identity, Refusal> {
        let header = call.headers.get("authorization");
        let header = header.ok_or_else(|| Refusal::unauthorized("Token missing"))?;
        let token = header
            .strip_prefix("Bearer ")
            .ok_or_else(|| Refusal::token(MALFORMED))?;
        if let Some(service_token) = token.strip_prefix("st.") {
            let id = service_token.split('.').next().unwrap_or_default();
            return Err(Refusal::not_found(format!(
                "Service token with ID '{id}' not found"
            )));
        }
        let fixed = world
            .identities
            .iter()
            .find(|identity| identity.token.as_deref() == Some(token));
        if let Some(identity) = fixed {
            return Ok(identity.clone());
        }
        let known = self.issued.get_mut(token).ok_or_else(|| {
            if token.split('.').count() == 3 {
                Refusal::token("invalid signature")
            } else {
                Refusal::token(MALFORMED)
            }
        })?;
        let identity = known.identity(world)?;
        if known.expires <= now {
            return Err(Refusal::token(EXPIRED));
        }
        if identity.token_uses.is_some_and(|most| known.uses >= most) {
            return Err(Refusal::unauthorized(
                "Unable to renew because access token number of uses limit reached",
            ));
        }
        known.uses += 1;
        Ok(Identity {
            organization: known.organization.clone(),
            ..identity.clone()
        })
    }

    /// `POST /api/v1/auth/{method}/login`.
    pub fn login(
        &mut self,
        world: &World,
        method: &str,
        body: Option<&Value>,
        now: Moment,
        era: Era,
    ) -> Result<Value, Refusal> {
        let identity = match method {
            "universal-auth" => self.universal(world, body, now, era),
            "oidc-auth" => foreign(world, body, now, &OIDC),
            "jwt-auth" => foreign(world, body, now, &JWT),
            "aws-auth" => aws(world, body),
            method => Err(not_emulated(method)),
        }?;
        let organization = organization(world, body).filter(|_| era.is_today());
        Ok(self.issue(identity, organization, now))
    }

    fn universal<'a>(
        &mut self,
        world: &'a World,
        body: Option<&Value>,
        now: Moment,
        era: Era,
    ) -> Result<&'a Identity, Refusal> {
        let [client_id, client_secret] = strings(body, ["clientId", "clientSecret"])?;
        let identity = world
            .identities
            .iter()
            .find(|identity| identity.client_id == client_id)
            .ok_or_else(|| Refusal::not_found("No identity with specified client ID was found"))?;
        let (wrong_logins, within, locked_for) = LOCKOUT;
        let refused = self.refused.entry(client_id).or_default();
        if now < refused.locked_until {
            return Err(Refusal::unauthorized(LOCKED));
        }
        if identity.client_secret == client_secret {
            refused.at.clear();
            return Ok(identity);
        }
        refused.at.retain(|at| at.until(now) < within);
        refused.at.push(now);
        if era.is_today() && refused.at.len() >= wrong_logins {
            refused.at.clear();
            refused.locked_until = now.after(locked_for);
        }
        Err(Refusal::unauthorized("Invalid credentials"))
    }

    /// A token for an identity in a sub-organisation, in the shape of a login's answer.
    pub fn issue(
        &mut self,
        identity: &Identity,
        organization: Option<String>,
        now: Moment,
    ) -> Value {
        self.count += 1;
        let serial = self.count.to_string();
        let signature = ids::word(&["token", &identity.client_id, &serial], 32);
        let token = format!("sandbox.{serial}.{signature}");
        self.issued.insert(
            token.clone(),
            Token {
                client_id: identity.client_id.clone(),
                expires: now.after(identity.lifetime()),
                renewable_until: now.after(Duration::from_secs(identity.token_max_ttl.into())),
                uses: 0,
                organization,
            },
        );
        answer(&token, identity)
    }

    /// `POST /api/v1/auth/token/renew`.
    pub fn renew(
        &mut self,
        world: &World,
        body: Option<&Value>,
        now: Moment,
    ) -> Result<Value, Refusal> {
        let (token, known) = self.named(body)?;
        let identity = known.identity(world)?;
        if known.expires <= now || known.renewable_until <= now {
            return Err(Refusal::token(EXPIRED));
        }
        known.expires = now.after(identity.lifetime()).min(known.renewable_until);
        Ok(answer(&token, identity))
    }

    /// `POST /api/v1/auth/token/revoke`.
    pub fn revoke(&mut self, body: Option<&Value>) -> Result<Value, Refusal> {
        let (_, known) = self.named(body)?;
        known.expires = REVOKED;
        Ok(json!({"message": "Successfully revoked access token"}))
    }

    fn named(&mut self, body: Option<&Value>) -> Result<(String, &mut Token), Refusal> {
        let [token] = strings(body, ["accessToken"])?;
        let known = self
            .issued
            .get_mut(&token)
            .ok_or_else(|| Refusal::token(MALFORMED))?;
        Ok((token, known))
    }
}

/// The expiry of a token that was taken back.
const REVOKED: Moment = Moment::from_millis(i64::MIN);

fn answer(token: &str, identity: &Identity) -> Value {
    json!({
        "accessToken": token,
        "expiresIn": identity.token_ttl,
        "accessTokenMaxTTL": identity.token_max_ttl,
        "tokenType": "Bearer"
    })
}

/// The required strings of a body, in the order asked for.
fn strings<const N: usize>(body: Option<&Value>, keys: [&str; N]) -> Result<[String; N], Refusal> {
    let properties: serde_json::Map<String, Value> = keys
        .iter()
        .map(|key| ((*key).to_owned(), json!({"type": "string"})))
        .collect();
    let schema = json!({"type": "object", "properties": properties, "required": keys.as_slice()});
    let trimming = |_: &str| StringRule {
        trim: true,
        ..StringRule::default()
    };
    let body = zod::check(&schema, &schema, &trimming, body).map_err(Refusal::invalid)?;
    let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
    Ok(keys.map(text))
}

/// The sub-organisation that a login asks for, under its newer name or its older one. An unknown
/// one is ignored.
fn organization(world: &World, body: Option<&Value>) -> Option<String> {
    let keys = ["organizationSlug", "subOrganizationName"];
    let asked = keys.iter().find_map(|key| body?.get(key)?.as_str())?;
    let mut known = world.projects.iter();
    known
        .any(|project| project.organization.as_deref() == Some(asked))
        .then(|| asked.to_owned())
}

/// A login with a signed request for the caller's identity at AWS. The signature is not checked,
/// only whether all of it is there.
fn aws<'a>(world: &'a World, body: Option<&Value>) -> Result<&'a Identity, Refusal> {
    let keys = [
        "identityId",
        "iamHttpRequestMethod",
        "iamRequestBody",
        "iamRequestHeaders",
    ];
    let [identity_id, method, request, headers] = strings(body, keys)?;
    if !is_uuid(&identity_id) {
        return Err(Refusal::database("Find one"));
    }
    let (identity, keys) = world
        .identities
        .iter()
        .filter(|identity| identity.id() == identity_id)
        .find_map(|identity| Some((identity, identity.aws.as_ref()?)))
        .ok_or_else(|| not_configured("AWS", "AWS auth"))?;
    let refused = || Refusal::unauthorized("Access denied: AWS did not accept the signed request.");
    let key = signing_key(&method, &request, &headers).ok_or_else(refused)?;
    let wanted = keys.access_key_id.as_ref();
    if wanted.is_none_or(|wanted| *wanted == key) {
        Ok(identity)
    } else {
        Err(refused())
    }
}

/// The access key that signed a request for the caller's identity; `None` if it is no such request.
fn signing_key(method: &str, request: &str, headers: &str) -> Option<String> {
    let request = STANDARD.decode(request).ok()?;
    let headers: Map<String, Value> =
        serde_json::from_slice(&STANDARD.decode(headers).ok()?).ok()?;
    let header = |name: &str| {
        let mut headers = headers.iter();
        let (_, value) = headers.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        value.as_str()
    };
    let asks = url::form_urlencoded::parse(&request)
        .any(|(key, value)| key == "Action" && value == "GetCallerIdentity");
    let host = header("host")?;
    let is_dated = header("x-amz-date").is_some();
    let signed = header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let part = |name: &str| {
        let mut parts = signed.split(',').map(str::trim);
        parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
    };
    let signature = part("Signature")?;
    let is_hex = signature.len() == 64 && signature.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (key, scope) = part("Credential")?.split_once('/')?;
    let is_signed = part("SignedHeaders")?.split(';').any(|name| name == "host");
    (method == "POST"
        && asks
        && host.starts_with("sts.")
        && is_dated
        && is_hex
        && is_signed
        && scope.ends_with("/sts/aws4_request"))
    .then(|| key.to_owned())
}

/// A login with another server's token.
struct ForeignMethod {
    name: &'static str,
    claims: fn(&Identity) -> Option<&TokenClaims>,
}

const OIDC: ForeignMethod = ForeignMethod {
    name: "OIDC",
    claims: |identity| identity.oidc.as_ref(),
};
const JWT: ForeignMethod = ForeignMethod {
    name: "JWT",
    claims: |identity| identity.jwt.as_ref(),
};

fn foreign<'a>(
    world: &'a World,
    body: Option<&Value>,
    now: Moment,
    method: &ForeignMethod,
) -> Result<&'a Identity, Refusal> {
    let [identity_id, jwt] = strings(body, ["identityId", "jwt"])?;
    if !is_uuid(&identity_id) {
        return Err(Refusal::database("Find one"));
    }
    let name = method.name;
    let (identity, wanted) = world
        .identities
        .iter()
        .filter(|identity| identity.id() == identity_id)
        .find_map(|identity| Some((identity, (method.claims)(identity)?)))
        .ok_or_else(|| not_configured(name, &format!("{name} auth")))?;
    let claims = claims_of(&jwt).ok_or_else(|| Refusal::unauthorized("Invalid JWT"))?;
    if claims["exp"]
        .as_i64()
        .is_some_and(|expiry| expiry <= now.seconds())
    {
        return Err(Refusal::unauthorized("Access denied: jwt expired"));
    }
    let differs = |wanted: &Option<String>, claim: &Value| {
        wanted.as_ref().is_some_and(|wanted| match claim {
            Value::Array(claims) => !claims.iter().any(|claim| claim == wanted),
            claim => claim != wanted,
        })
    };
    if differs(&wanted.subject, &claims["sub"]) {
        return Err(Refusal::forbidden(&format!(
            "Access denied: {name} subject not allowed."
        )));
    }
    if differs(&wanted.audience, &claims["aud"]) {
        return Err(Refusal::unauthorized(&format!(
            "Access denied: {name} audience not allowed."
        )));
    }
    Ok(identity)
}

fn claims_of(jwt: &str) -> Option<Value> {
    let mut parts = jwt.split('.');
    let (_, claims, _) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims)
        .ok()
        .filter(Value::is_object)
}

fn not_configured(name: &str, method: &str) -> Refusal {
    Refusal::not_found(format!(
        "{name} auth method not found for identity, did you configure {method}?"
    ))
}

/// Methods that no identity of the sandbox is configured for, and the two names that the
/// server's refusal has for each.
const NOT_EMULATED: [(&str, &str, &str); 4] = [
    ("gcp-auth", "GCP", "GCP auth"),
    ("azure-auth", "Azure", "Azure Auth"),
    ("kubernetes-auth", "Kubernetes", "Kubernetes auth"),
    ("oci-auth", "OCI", "OCI auth"),
];

/// Whether there is a route to log in with that method.
pub fn is_method(method: &str) -> bool {
    [
        "universal-auth",
        "oidc-auth",
        "jwt-auth",
        "aws-auth",
        "ldap-auth",
    ]
    .contains(&method)
        || NOT_EMULATED.iter().any(|(known, _, _)| *known == method)
}

fn not_emulated(method: &str) -> Refusal {
    NOT_EMULATED
        .iter()
        .find(|(known, _, _)| *known == method)
        // Seen for `ldap-auth`.
        .map_or_else(
            || Refusal::unauthorized("Invalid credentials"),
            |(_, name, method)| not_configured(name, method),
        )
}
