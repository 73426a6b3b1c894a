//! Roles that somebody must have, as a proxy asks for them: `?role=member&role=trader`, every one of them.

use super::Decision;
use crate::ApiError;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;

/// Most roles in one question.
pub const MOST: usize = 8;

/// A query, as it came.
pub type Asked = Result<Query<Vec<(String, String)>>, QueryRejection>;

/// The roles that a query asks for.
///
/// # Errors
/// 400 `bad_query`.
pub fn roles(asked: Asked) -> Result<Vec<String>, ApiError> {
    let says = format!("the query has `role`, at most {MOST} times, and nothing else");
    let refused = || {
        ApiError::bad("bad_query", says).hint(
        "a proxy sends its own query and never the client's: to Caddy, `uri /v1/forward_auth?` says that there is none",
    )
    };
    match asked {
        Ok(Query(pairs)) if pairs.len() <= MOST && pairs.iter().all(|(name, _)| name == "role") => {
            Ok(pairs.into_iter().map(|(_, role)| role).collect())
        }
        _ => Err(refused()),
    }
}

/// That each of these roles was granted.
///
/// # Errors
/// 403: `role_unknown`, of one that nobody can have; `role_required`, with the evidence of each that was not granted.
pub fn expect(roles: &[String], decisions: &[Decision]) -> Result<(), ApiError> {
    let mut missing: Vec<Decision> = Vec::new();
    for role in roles {
        let decision = decisions.iter().find(|decision| decision.role == *role).ok_or_else(|| unknown(role))?;
        if !decision.granted && !missing.contains(decision) {
            missing.push(decision.clone());
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(required(missing)) }
}

fn unknown(role: &str) -> ApiError {
    let role: String = role.chars().take(64).collect();
    tracing::warn!(role, "a proxy asks for a role that is not configured: nobody is let in there");
    ApiError::forbidden("role_unknown", format!("`{role}` is no role here, so nobody has it"))
        .hint("the operator names it in `[[roles]]`, or otherwise in the proxy's configuration")
}

fn required(missing: Vec<Decision>) -> ApiError {
    let names: Vec<String> = missing.iter().map(|decision| format!("`{}`", decision.role)).collect();
    let says = format!("this is for accounts that have {}", names.join(" and "));
    ApiError::forbidden("role_required", says).hint("`GET /v1/me/roles` says what gives each role").evidence(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roles::Evidence;
    use axum::http::Uri;

    fn read(query: &str) -> Result<Vec<String>, String> {
        let uri: Uri = format!("/v1/forward_auth{query}").parse().unwrap();
        roles(Query::try_from_uri(&uri)).map_err(|error| {
            assert_eq!(error.status, 400);
            error.problem.code
        })
    }

    #[test]
    fn a_query_is_roles_and_nothing_else() {
        let eight = format!("?{}", ["role=a"; MOST].join("&"));
        for (query, roles) in [
            ("", vec![]),
            ("?", vec![]),
            ("?role=member", vec!["member"]),
            ("?role=b&role=a&role=b", vec!["b", "a", "b"]),
            ("?role=a%2Cb", vec!["a,b"]),
            ("?role", vec![""]),
            (&eight, vec!["a"; MOST]),
        ] {
            assert_eq!(read(query), Ok(roles.into_iter().map(str::to_owned).collect()), "{query}");
        }
        let nine = format!("{eight}&role=a");
        for query in ["?page=2", "?role=a&page=2", "?roles=a", "?Role=a", "?=a", "?role[]=a", "?%FF=a", &nine] {
            assert_eq!(read(query), Err("bad_query".into()), "{query}");
        }
    }

    #[test]
    fn every_role_must_have_been_granted() {
        let decided = |role: &str, granted| Decision { role: role.to_owned(), granted, evidence: Evidence::Listed };
        let unread = Evidence::Unread { code: "node_behind".to_owned(), read_at: 1 };
        let unread = Decision { role: "reader".to_owned(), granted: false, evidence: unread };
        let decisions = [decided("admin", false), decided("member", true), decided("trader", true), unread.clone()];
        let ask = |roles: &[&str]| {
            let roles: Vec<String> = roles.iter().map(|&role| role.to_owned()).collect();
            expect(&roles, &decisions).map_err(|error| {
                assert_eq!(error.status, 403);
                (error.problem.code, error.problem.evidence)
            })
        };
        for roles in [&[][..], &["member"], &["trader", "member", "trader"]] {
            assert_eq!(ask(roles), Ok(()), "{roles:?}");
        }
        let refused = |evidence: Vec<Decision>| Err(("role_required".to_owned(), evidence));
        assert_eq!(ask(&["admin"]), refused(vec![decided("admin", false)]));
        assert_eq!(ask(&["member", "reader", "trader"]), refused(vec![unread.clone()]));
        assert_eq!(ask(&["reader", "admin", "reader"]), refused(vec![unread, decided("admin", false)]));
        // Nobody has what is not there, whatever else was asked for.
        for roles in [&["Admin"][..], &[""], &["member,trader"], &["member", "ghost"], &["admin", "ghost"]] {
            assert_eq!(ask(roles), Err(("role_unknown".to_owned(), Vec::new())), "{roles:?}");
        }
    }
}
