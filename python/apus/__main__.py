from apus import main

main()
