// Command exits only exits: the minimum for a static Go program and for a container.
package main

func main() {}
