import jetbrains.buildServer.configs.kotlin.*
import jetbrains.buildServer.configs.kotlin.buildFeatures.sshAgent
import jetbrains.buildServer.configs.kotlin.buildSteps.script
import jetbrains.buildServer.configs.kotlin.triggers.vcs

// Builds an image and deploys it by a commit. The agent has docker, git and ecs-operator; the SSH
// key "git-push" may push to main. Lies in .teamcity/.
version = "2024.12"

project {
    buildType(Deploy)
}

object Deploy : BuildType({
    name = "Deploy"

    params {
        param("image", "registry.example.com/checkout:%build.number%")
        param("env.GIT_AUTHOR_NAME", "TeamCity")
        param("env.GIT_AUTHOR_EMAIL", "teamcity@example.com")
        param("env.GIT_COMMITTER_NAME", "TeamCity")
        param("env.GIT_COMMITTER_EMAIL", "teamcity@example.com")
        param("env.ECS_OPERATOR_PATH", "services")
    }

    vcs {
        root(DslContext.settingsRoot)
        checkoutMode = CheckoutMode.ON_AGENT   // a checkout of git, not an export of files
    }

    steps {
        script {
            name = "Build"
            scriptContent = """
                set -eu
                docker build -t "%image%" .
                docker push "%image%"
            """.trimIndent()
        }
        script {
            name = "Deploy"
            scriptContent = """
                set -eu
                ecs-operator set image services --service checkout --env prod api="%image%" --commit --push --branch main
                ecs-operator wait checkout --env prod --for ready --timeout 30m
            """.trimIndent()
        }
    }

    triggers {
        vcs {
            triggerRules = """
                +:.
                -:services/**
            """.trimIndent()   // no build for the commits that this one makes
            branchFilter = "+:<default>"
        }
    }

    features {
        sshAgent { teamcitySshKey = "git-push" }
    }
})
