"""An AWS account of a test's own: moto over HTTP, in this process, so that a test can have a stack be in any state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from moto.cloudformation.models import CloudFormationBackend, FakeStack, cloudformation_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer

from infra.aws import Aws
from infra.stages import Stage

DEV = Stage("dev", "ap-southeast-2", "python3.11")
