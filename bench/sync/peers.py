"""Other programs that bring a table into a Parquet file: peers.py PEER URL TABLE FILE."""
import os
import sys

peer, url, table, file = sys.argv[1:]
query = f"SELECT * FROM {table}"

if peer == "connectorx":
    import connectorx
    import pyarrow.parquet as parquet

    result = connectorx.read_sql(url, query, return_type="arrow", partition_on="l_rowid", partition_num=2)
    parquet.write_table(result, file, compression="zstd")
elif peer == "adbc":
    import adbc_driver_postgresql.dbapi
    import pyarrow.parquet as parquet

    with adbc_driver_postgresql.dbapi.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        reader = cursor.fetch_record_batch()
        with parquet.ParquetWriter(file, reader.schema, compression="zstd") as writer:
            for batch in reader:
                writer.write_batch(batch)
elif peer == "dlt":
    import dlt
    from dlt.sources.sql_database import sql_table

    folder = os.path.dirname(file)
    pipeline = dlt.pipeline("bench", pipelines_dir=f"{folder}/pipelines", destination=dlt.destinations.filesystem(folder), dataset_name="dlt")
    resource = sql_table(credentials=url.replace("postgresql:", "postgresql+psycopg2:"), table=table, backend="pyarrow", reflection_level="full_with_precision")
    pipeline.run(resource, loader_file_format="parquet", table_name=os.path.basename(file))
else:
    sys.exit(f"unknown peer {peer}")
