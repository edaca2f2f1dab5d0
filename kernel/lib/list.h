/* list.h - doubly linked circular lists with a head. The owner of the list says which lock. */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/types.h"

struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name) {&(name), &(name)}

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_insert_between(struct list *n, struct list *prev, struct list *next)
{
	n->prev = prev;
	n->next = next;
	prev->next = n;
	next->prev = n;
}
static inline void list_add_head(struct list *head, struct list *n)
{
	list_insert_between(n, head, head->next);
}
static inline void list_add_tail(struct list *head, struct list *n)
{
	list_insert_between(n, head->prev, head);
}
/* Takes n out and leaves it empty, so that taking it out again does nothing. */
static inline void list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#define LIST_ENTRY(p, type, member) CONTAINER_OF(p, type, member)
#define LIST_FIRST(head, type, member)                                                             \
	(list_empty(head) ? NULL : LIST_ENTRY((head)->next, type, member))
#define LIST_FOR_EACH(it, head, member)                                                            \
	for (it = LIST_ENTRY((head)->next, __typeof__(*it), member); &it->member != (head);        \
		it = LIST_ENTRY(it->member.next, __typeof__(*it), member))
/* The body may take `it` out of the list and free it. */
#define LIST_FOR_EACH_SAFE(it, tmp, head, member)                                                  \
	for (it = LIST_ENTRY((head)->next, __typeof__(*it), member),                               \
	    tmp = LIST_ENTRY(it->member.next, __typeof__(*it), member);                            \
		&it->member != (head);                                                             \
		it = tmp, tmp = LIST_ENTRY(tmp->member.next, __typeof__(*it), member))

#endif
