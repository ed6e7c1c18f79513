SELECT MAX(p.privilege_type)
FROM information_schema.user_privileges AS p
WHERE p.privilege_type = 'SUPER'
  AND CAST(p.grantee AS BINARY) = CAST(CONCAT(
    '''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1),
    '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''') AS BINARY)
