"""What runs beside the requests: bringing late news, waking, telling lists."""
