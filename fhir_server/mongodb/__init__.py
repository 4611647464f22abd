"""Where the MongoDB is: the operator's own, or a private one that runs beside the server.

Every process that needs the embedded MongoDB of a data folder holds a shared lock on the folder's
`users` file. One supervisor process for each folder runs `mongod` for as long as that lock is held,
by whomever, and stops it afterwards; so the end of a process is noticed however it came about.

Apart from the store, so that the supervisor loads little and depends on nothing that may fail.
"""
