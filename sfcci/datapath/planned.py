"""A driver with the plan that it carried out last: what the next plan is made from, and what a switch refused of it."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from sfcci.chain.plan import Plan, plan
from sfcci.chain.port import Ports
from sfcci.chain.state import NOTHING, State
from sfcci.chain.transition import touched
from sfcci.datapath import openflow_client as switch_client
from sfcci.datapath.driver import Driver, blamed


class PlannedDriver:
    """Brings states to a driver's switch, or to all the switches that are one to it. One thread's."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver
        self.carried: State | None = None
        """The state that the switch acknowledged last."""
        self._planned: Plan | None = None
        self._refused: tuple[State | None, Mapping[str, str]] = (None, NOTHING)
        """What the switch said against chains, by id, since it was first asked for this state."""

    def bring(self, state: State, ports: Ports) -> Plan:
        """Have the switch carry the state's plan out, without chains that it refuses, and give it.

        Nothing is said of chains whose change, or whose packets, have to wait for packets on their way.
        Raises SfcciError: the driver's own, and Refused where no chain is to blame.
        """
        refused = self._refused[1] if self._refused[0] is state else NOTHING
        while True:
            made = self._plan(state, ports, refused)
            try:
                done = self.driver.bring(made.compiled)
            except switch_client.Refused as error:
                blame = blamed(error, made.compiled)
                if not blame.keys() - refused.keys():
                    raise
                refused = {**refused, **blame}
                self._refused = (state, refused)
            else:
                if done:
                    self._planned, self.carried = made, state
                return self._without(made, () if done else touched(self.driver.aim, made.compiled))

    def _plan(self, state: State, ports: Ports, refused: Mapping[str, str]) -> Plan:
        """Give the plan; what stays of the one that the switch acknowledged last is kept."""
        held = {} if self._planned else self.driver.versions
        return plan(state, ports, self._planned, held=held, refused=refused)

    def _without(self, made: Plan, changing: Collection[str]) -> Plan:
        """The plan without what it says of chains that are still changing."""
        waits = self.driver.waits
        known = {id_: how for id_, how in made.chains.items() if id_ not in changing and not waits(id_)}
        return made if len(known) == len(made.chains) else replace(made, chains=known)
