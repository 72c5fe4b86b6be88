"""The verifier: decides codes, follows drift, keeps tokens and a record, and serves all of it over HTTP."""
