SELECT MAX(p.privilege_type)
FROM information_schema.user_privileges AS p
WHERE p.privilege_type = 'SUPER'
  AND p.grantee = CONCAT(
    '''', LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1),
    '''@''', SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
