-- SQL expression for the type of __OF__, a column or a parameter, as it is declared. Its type is joined as t, the schema
-- of that as ts, and the type that it is made of as base. A login may not see a type that others have made: then it is
-- null, or what it is made of.
CASE
  WHEN t.is_user_defined = 1 THEN COALESCE(ts.name + N'.', N'') + t.name
  ELSE COALESCE(base.name, t.name) + CASE
    WHEN base.name IN (N'decimal', N'numeric')
      THEN N'(' + CONVERT(nvarchar(3), __OF__.precision) + N',' + CONVERT(nvarchar(3), __OF__.scale) + N')'
    WHEN base.name IN (N'datetime2', N'datetimeoffset', N'time') THEN N'(' + CONVERT(nvarchar(3), __OF__.scale) + N')'
    WHEN base.name IN (N'char', N'varchar', N'binary', N'varbinary', N'nchar', N'nvarchar') THEN CASE
      WHEN __OF__.max_length = -1 THEN N'(max)'
      WHEN base.name IN (N'nchar', N'nvarchar') THEN N'(' + CONVERT(nvarchar(5), __OF__.max_length / 2) + N')'
      ELSE N'(' + CONVERT(nvarchar(5), __OF__.max_length) + N')'
    END
    ELSE N''
  END
END
