"""The contract that every connector passes.

A connector's test file inherits `ConnectorContract`, names the connector, and gives the `helpdesk` fixture:

    class TestMyHelpdesk(ConnectorContract):
        connector = CONNECTOR

        @pytest.fixture
        def helpdesk(self) -> Iterator[Helpdesk]: ...

What its capabilities do not declare is not asked of it.
"""

from typing import ClassVar

from bridge.connector import Connector
from tests.contract.hooks import HooksContract
from tests.contract.installing import InstallingContract
from tests.contract.reading import ReadingContract
from tests.contract.trouble import TroubleContract
from tests.contract.writing import WritingContract


class ConnectorContract(HooksContract, ReadingContract, WritingContract, TroubleContract, InstallingContract):
    """All of it."""

    connector: ClassVar[Connector]
