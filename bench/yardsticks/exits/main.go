// Command exits only exits: the least that a static Go program, or a container,
// takes.
package main

func main() {}
