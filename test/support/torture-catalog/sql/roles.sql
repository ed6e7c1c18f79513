-- The roles of the torture catalog: one that owns, one that may do nothing, two that cannot log in.
CREATE ROLE ferry_owner LOGIN PASSWORD 'owner';
CREATE ROLE ferry_stranger LOGIN PASSWORD 'stranger';
CREATE ROLE "Rolle ohne Login" NOLOGIN;
-- The original leaves out what the administrator of RDS owns.
CREATE ROLE rdsdb NOLOGIN;
