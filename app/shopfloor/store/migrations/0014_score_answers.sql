-- What people say of the tests of the ML Test Score that the store cannot answer; a NULL score is an answer taken back.
CREATE TABLE score_answers (
    model VARCHAR NOT NULL, test VARCHAR NOT NULL, score DOUBLE, note VARCHAR NOT NULL, actor VARCHAR NOT NULL,
    answered_at TIMESTAMP NOT NULL, PRIMARY KEY (model, test)
);
