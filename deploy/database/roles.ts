// The roles that the services and Debezium log in as, on one server. A role that is there stays;
// its password is set anew where one is given, and its attributes are made what they must be.
import type pg from 'pg';

export const ROLES = ['bank_command', 'bank_projector', 'bank_query', 'bank_cdc'] as const;
export type Role = (typeof ROLES)[number];

/** A role without a password here keeps its own (a new one can then log in by other means only). */
export type RolePasswords = Partial<Record<Role, string>>;

// The projector's watchdog drops and makes the slot; the services end backends of stopped owners.
const ATTRIBUTES: Record<Role, string> = {
  bank_command: 'login',
  bank_projector: 'login replication',
  bank_query: 'login',
  bank_cdc: 'login replication',
};
const MEMBER_OF: Record<Role, string[]> = {
  bank_command: ['pg_signal_backend'],
  bank_projector: ['pg_signal_backend', 'pg_monitor'],
  bank_query: [],
  bank_cdc: [],
};

export async function makeRoles(
  client: pg.Client,
  roles: readonly Role[],
  passwords: RolePasswords,
): Promise<void> {
  for (const role of roles) {
    // Both stores may be on one server, and two set-ups may run at once.
    await client.query(`do $$ begin create role ${role};
      exception when duplicate_object or unique_violation then null; end $$`);
    const password = passwords[role];
    const secret = password === undefined ? '' : ` password ${client.escapeLiteral(password)}`;
    await client.query(`alter role ${role} ${ATTRIBUTES[role]}${secret}`);
    for (const group of MEMBER_OF[role]) await client.query(`grant ${group} to ${role}`);
  }
}
