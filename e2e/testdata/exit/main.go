// Command exit only exits: what a container costs at least.
package main

func main() {}
