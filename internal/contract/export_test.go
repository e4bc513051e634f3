package contract

var OtherNames = otherNames
