package action

// For tests of what no run can show.
var InContract = inContract

// OverHTTPS is for addresses of hosts and servers that no test can play.
var OverHTTPS = overHTTPS
