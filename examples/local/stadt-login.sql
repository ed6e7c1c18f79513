ALTER ROLE ferry PASSWORD 'local-only';
