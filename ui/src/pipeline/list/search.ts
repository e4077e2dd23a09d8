/** What the address of the list of pipelines says. */

import { oneIn, textIn } from "@/lib/address";
import { ROW_ORDERS, ROW_STATES, type RowFilter, type RowOrder } from "../rows";

export interface ListSearch extends RowFilter {
  order?: RowOrder;
  descending?: true;
}

export function readListSearch(search: Record<string, unknown>): ListSearch {
  const order = oneIn(search.order, ROW_ORDERS);
  const state = oneIn(search.state, ROW_STATES);
  const text = textIn(search.text);
  return {
    ...(text ? { text } : {}),
    ...(state ? { state } : {}),
    ...(search.paused === true ? { paused: true } : {}),
    ...(search.triggers === true ? { triggers: true } : {}),
    ...(order ? { order } : {}),
    ...(search.descending === true ? { descending: true } : {}),
  };
}

/** What a click on the heading of a column asks for: that order, or the other way round. */
export function orderBy(search: ListSearch, order: RowOrder): ListSearch {
  const { descending, order: _, ...filter } = search;
  const turned = (search.order ?? "name") === order && !descending;
  return {
    ...filter,
    ...(order === "name" ? {} : { order }),
    ...(turned ? { descending: true } : {}),
  };
}
