// TeamCity, as .teamcity/settings.kts, on an agent with Docker.
import jetbrains.buildServer.configs.kotlin.*
import jetbrains.buildServer.configs.kotlin.buildSteps.script

version = "2024.03"

project {
    buildType(Report)
}

object Report : BuildType({
    name = "report"
    params {
        // A parameter of type password is hidden, and masked in logs.
        password("env.BITBUCKET_AUTH_TOKEN", "credentialsJSON:the-id-of-the-token")
        param("env.BITBUCKET_AUTH_IDENTITY", "me@example.com")
        param("env.BITBUCKET_AUTH_REPOSITORY", "team/repo")
        param("env.BITBUCKET_AUTH_GIT", "repository")
        param("env.BITBUCKET_AUTH_ENV_FILE", "%system.teamcity.build.tempDir%/bitbucket.env")
    }
    steps {
        script {
            name = "Bitbucket credential"
            scriptContent = """
                #!/bin/sh
                set -eu
                container=${'$'}(docker create ghcr.io/seed-e1d06701/bitbucket-auth:v1.0.0) || exit 1
                docker cp "${'$'}container":/bitbucket-auth ./bitbucket-auth || exit 1
                docker rm "${'$'}container"
                exec ./bitbucket-auth
            """.trimIndent()
        }
        script {
            name = "report"
            scriptContent = """
                #!/bin/sh
                set -eu
                . "${'$'}BITBUCKET_AUTH_ENV_FILE"
                git ls-remote "${'$'}BITBUCKET_REPOSITORY_URL" HEAD
            """.trimIndent()
        }
    }
})
