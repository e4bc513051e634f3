package action

// For tests of what no run can show.
var InContract = inContract
