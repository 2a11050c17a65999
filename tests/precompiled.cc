// Nothing: the headers of its target are what is wanted of it (CMakeLists.txt).
