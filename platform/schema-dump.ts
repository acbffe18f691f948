// The whole schema of a database as text, from its catalog: the committed schema.sql that a test
// compares with what the migrations make. For reading and comparing, not for restoring. The same
// schema gives the same text, whatever the order in which its parts were made.
import type pg from 'pg';

/** Only the schema public; what belongs to an extension is left out. */
export async function dumpSchema(client: pg.ClientBase | pg.Pool): Promise<string> {
  const parts: string[] = [];
  for (const query of [
    TABLES,
    VIEWS,
    SEQUENCES,
    INDEXES,
    FUNCTIONS,
    TRIGGERS,
    PUBLICATIONS,
    GRANTS,
  ]) {
    const result = await client.query<{ text: string }>(query);
    parts.push(...result.rows.map((row) => row.text.replace(/\r\n/g, '\n').trim()));
  }
  return `${parts.join('\n\n')}\n`;
}

const TABLES = `
  select format(E'create table %s (\\n%s\\n)%s;', c.relname,
    array_to_string(array(
      select format('  %s %s%s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        case when a.attnotnull then ' not null' else '' end,
        case when d.adbin is null then ''
          when a.attgenerated <> ''
            then ' generated always as (' || pg_get_expr(d.adbin, c.oid) || ')'
          else ' default ' || pg_get_expr(d.adbin, c.oid) end,
        case when a.attstorage <> t.typstorage
          then ' storage ' || case a.attstorage when 'e' then 'external' when 'x' then 'extended'
            when 'm' then 'main' else 'plain' end else '' end)
      from pg_attribute a join pg_type t on t.oid = a.atttypid
        left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum)
    || array(
      select format('  constraint %s %s', k.conname, pg_get_constraintdef(k.oid))
      from pg_constraint k where k.conrelid = c.oid and k.contype <> 'n' order by k.conname),
    E',\\n'),
    case when c.reloptions is null then ''
      else ' with (' || array_to_string(array(select unnest(c.reloptions) order by 1), ', ')
        || ')' end)
  || coalesce(E'\\n' || format('comment on table %s is %L;', c.relname,
    obj_description(c.oid, 'pg_class')), '')
  || coalesce(E'\\n' || (
    select string_agg(format('comment on column %s.%s is %L;', c.relname, a.attname,
      col_description(c.oid, a.attnum)), E'\\n' order by a.attnum)
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
      and col_description(c.oid, a.attnum) is not null), '') as text
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
    and not exists (select from pg_depend e where e.objid = c.oid and e.deptype = 'e')
  order by c.relname`;

const VIEWS = `
  select format(E'create %sview %s as\\n%s',
    case c.relkind when 'm' then 'materialized ' else '' end, c.relname,
    pg_get_viewdef(c.oid)) as text
  from pg_class c
  where c.relnamespace = 'public'::regnamespace and c.relkind in ('v', 'm')
    and not exists (select from pg_depend e where e.objid = c.oid and e.deptype = 'e')
  order by c.relname`;

const SEQUENCES = `
  select format('create sequence %s as %s start %s increment %s cache %s;', sequencename,
    data_type, start_value, increment_by, cache_size) as text
  from pg_sequences where schemaname = 'public' order by sequencename`;

const INDEXES = `
  select pg_get_indexdef(i.indexrelid) || ';' as text
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
  where c.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p', 'm')
    and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
  order by c.relname`;

const FUNCTIONS = `
  select rtrim(pg_get_functiondef(p.oid)) || ';'
    || coalesce(E'\\n' || format('comment on function %s is %L;', p.oid::regprocedure,
      obj_description(p.oid, 'pg_proc')), '') as text
  from pg_proc p
  where p.pronamespace = 'public'::regnamespace and p.prokind in ('f', 'p')
    and not exists (select from pg_depend e where e.objid = p.oid and e.deptype = 'e')
  order by p.oid::regprocedure::text`;

const TRIGGERS = `
  select pg_get_triggerdef(g.oid) || ';' as text
  from pg_trigger g join pg_class c on c.oid = g.tgrelid
  where c.relnamespace = 'public'::regnamespace and not g.tgisinternal
  order by c.relname, g.tgname`;

const PUBLICATIONS = `
  select format('create publication %s for table %s with (publish = %L);', p.pubname,
    coalesce((select string_agg(t.tablename, ', ' order by t.tablename)
      from pg_publication_tables t where t.pubname = p.pubname), '(none)'),
    array_to_string(array_remove(array[case when p.pubinsert then 'insert' end,
      case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end,
      case when p.pubtruncate then 'truncate' end], null), ', ')) as text
  from pg_publication p order by p.pubname`;

/** Rights of everyone but the owner. */
const GRANTS = `
  select string_agg(line, E'\\n' order by line) as text from (
    select format('grant %s on %s to %s;', string_agg(lower(x.privilege_type), ', '
      order by x.privilege_type), c.relname,
      case x.grantee when 0 then 'public' else x.grantee::regrole::text end) as line
    from pg_class c, aclexplode(c.relacl) x
    where c.relnamespace = 'public'::regnamespace and x.grantee <> c.relowner
    group by c.relname, x.grantee
    union all
    select format('grant %s (%s) on %s to %s;', lower(x.privilege_type),
      string_agg(a.attname, ', ' order by a.attname), c.relname,
      case x.grantee when 0 then 'public' else x.grantee::regrole::text end) as line
    from pg_class c join pg_attribute a on a.attrelid = c.oid, aclexplode(a.attacl) x
    where c.relnamespace = 'public'::regnamespace and x.grantee <> c.relowner
    group by c.relname, x.privilege_type, x.grantee
    union all
    select format('grant execute on function %s to %s;', p.oid::regprocedure,
      case x.grantee when 0 then 'public' else x.grantee::regrole::text end)
    from pg_proc p, aclexplode(p.proacl) x
    where p.pronamespace = 'public'::regnamespace and x.grantee <> p.proowner
      and not exists (select from pg_depend e where e.objid = p.oid and e.deptype = 'e')
  ) grants having count(*) > 0`;
