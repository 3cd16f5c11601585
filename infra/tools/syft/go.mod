module groundwork/tools/syft

go 1.26.0
