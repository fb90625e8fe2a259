-- What started a job; its trigger said so in words before, in the few forms that the engine wrote.
UPDATE jobs SET record = json_merge_patch(record, json_object('causes', json_array(CASE
    WHEN regexp_matches(record ->> '$.trigger', '^alert a[0-9]+$')
    THEN json_object('kind', 'alert', 'name', regexp_extract(record ->> '$.trigger', 'a[0-9]+$'))
    WHEN regexp_matches(record ->> '$.trigger', '^[0-9,]+ (prediction|actual)s? of j[0-9]+$')
    THEN json_object('kind', 'job', 'name', regexp_extract(record ->> '$.trigger', 'j[0-9]+$'))
    WHEN kind = 'monitor' AND (record ->> '$.payload.dataset_version') IS NULL
    THEN json_object('kind', 'model_version', 'name', regexp_extract(record ->> '$.trigger', '^(.*)@', 1),
                     'number', CAST(regexp_extract(record ->> '$.trigger', '@([0-9]+)', 1) AS INTEGER))
    ELSE json_object('kind', 'dataset_version', 'name', regexp_extract(record ->> '$.trigger', '^(.*)@', 1),
                     'number', CAST(regexp_extract(record ->> '$.trigger', '@([0-9]+)', 1) AS INTEGER))
END)))
WHERE regexp_matches(record ->> '$.trigger',
    '^(alert a[0-9]+|[0-9,]+ (prediction|actual)s? of j[0-9]+|[a-z0-9][a-z0-9_.-]*@[0-9]{1,9}( [a-z ]+ by .*)?)$');
