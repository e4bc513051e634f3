module bitbucket.org/my-team/library
